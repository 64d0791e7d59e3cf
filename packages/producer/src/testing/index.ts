export { createTestingProducer, type TestingProducer, type TestingProducerOptions } from './create-testing-producer.ts';
export type { Cap, Each, Fail, Full, ImageFaultCode, Outcome, Run, Succeed } from './outcomes.ts';
