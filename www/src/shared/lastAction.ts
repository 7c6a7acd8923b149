/** The last thing the person did that went over the socket, with its trace. */
import type { SocketActivity } from '@aetherterm/telemetry'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface LastAction {
  id: string
  event: string
  label: string
  traceId: string
  state: 'pending' | 'done' | 'failed'
  durationMs: number | null
}

const LABELS: Record<string, string> = {
  'terminal:create': 'New terminal',
  'terminal:input': 'Keystroke',
  'terminal:resize': 'Resize',
  'terminal:close': 'Close',
  'terminal:attach': 'Reattach',
}

export const useLastAction = defineStore('lastAction', () => {
  const last = shallowRef<LastAction | null>(null)
  let newest: LastAction | null = null
  let drawing = false

  function follow(activity: SocketActivity) {
    const label = LABELS[activity.event]
    if (!label) return
    if (activity.type === 'sent' && activity.traceId) {
      const { id, event, traceId, expectsReply } = activity
      newest = { id, event, label, traceId, state: expectsReply ? 'pending' : 'done', durationMs: null }
    } else if (newest && activity.id === newest.id && activity.type !== 'sent' && activity.type !== 'received') {
      newest = { ...newest, state: activity.type === 'answered' ? 'done' : 'failed', durationMs: activity.durationMs ?? null }
    } else return
    draw()
  }

  /** Once per frame, however fast someone types. */
  function draw() {
    if (drawing) return
    drawing = true
    requestAnimationFrame(() => {
      drawing = false
      last.value = newest
    })
  }

  return { last, follow }
})
