/** The page's telemetry; where it goes and whether it is on comes from `VITE_TELEMETRY_*`, what is recorded from the server, too. */
import { remoteConfig } from '@aetherterm/telemetry/remote-config'
import { session } from '@aetherterm/telemetry/session'
import { createTelemetry } from '@aetherterm/telemetry/vue'

export const telemetry = createTelemetry({
  serviceName: 'aetherterm-frontend',
  instrumentations: [remoteConfig(), session()],
})
