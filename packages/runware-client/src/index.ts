export type { AccountVerdict } from './check-account.ts';
export { classifyFault, type FaultFeatures } from './classify.ts';
export { createRunwareClient, type RunwareClient, type RunwareClientConfig, type RunwareClientDependencies } from './client.ts';
export { parseDelivery, toldOf, type DeliveryItem, type ParsedDelivery } from './delivery.ts';
export { defaultImageHosts } from './image-address.ts';
export { createProbeClient, type ProbeAnswer, type ProbeClient, type ProbeEntry, type ProbeOrder } from './probe-client.ts';
export { findChangedMeanings } from './transcript/meaning.ts';
export { createRecorder, type Recorder, type RecorderConfig, type SeenAnswer, type SeenDelivery } from './transcript/recorder.ts';
export { isFromRunware, parseTranscript, type RecordedExchange, type Transcript } from './transcript/transcript.ts';
