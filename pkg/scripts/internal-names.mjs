// Members of our own classes that no option, DOM interface, module export or library has as well: they are
// shortened in `dist/`. The tests run on `dist/`, so a name that does not belong here is noticed.
const NAMES = `
  ackId ackTimeout acknowledged allows arm awaitAck awaitReply begun buckets buffered byAck bySpan carriers
  connectedAt decision describe disconnected dispatch droppedEvents encoder ended enqueue finish forget hand
  handedOver handled inFlight late lateAnswer markReady mayBegin mayPropagate measure measurement notLoaded
  onVisibility parentId pending perSecond prepare pump put rateLimited remoteParent reserved sendFinal
  serverIsReady settings settle severityText scopeName scopeVersion sink spanAt timerAt traceAt unsent
  waiting watchUpgrade writer
`;

export const INTERNAL_NAMES = new RegExp(`^(${NAMES.trim().split(/\s+/).join('|')})$`);
