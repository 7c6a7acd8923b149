/** The page's telemetry; where it goes and whether it is on comes from `VITE_TELEMETRY_*`. */
import { createTelemetry } from '@aetherterm/telemetry/vue'

export const telemetry = createTelemetry({ serviceName: 'aetherterm-frontend' })
