/** Keeps the activity log for the whole life of the page, whether the monitor is open or not. */
import { defineStore } from 'pinia'
import { ActivityLog } from './activity'

export const useMonitor = defineStore('monitor', () => {
  const log = new ActivityLog()
  // Not reactive on purpose: the view asks for a snapshot a few times a second, however busy the socket is.
  return { follow: log.add.bind(log), snapshot: log.snapshot.bind(log), clearRecent: log.clearRecent.bind(log) }
})
