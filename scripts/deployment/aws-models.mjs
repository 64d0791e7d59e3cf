// Schemas of the resources of the AWS Load Balancer Controller. No package of npm has them: these are ours, with the fields that our files use,
// as the pages "LoadBalancerConfiguration" and "TargetGroupConfiguration" of its documentation describe them (read in November 2026).
import { Ajv } from 'ajv';

/** @param {Record<string, unknown>} properties @param {string[]} [required] */
const object = (properties, required = []) => ({ type: 'object', additionalProperties: false, properties, required });
const text = { type: 'string', minLength: 1 };
const attributes = { type: 'array', items: object({ key: text, value: text }, ['key', 'value']) };

const specs = {
  LoadBalancerConfiguration: object({
    scheme: { enum: ['internal', 'internet-facing'] },
    listenerConfigurations: {
      type: 'array',
      items: object(
        {
          protocolPort: { type: 'string', pattern: '^(HTTP|HTTPS|TLS|TCP|UDP):\\d+$' },
          defaultCertificate: { type: 'string', pattern: '^arn:' },
          sslPolicy: { type: 'string', pattern: '^ELBSecurityPolicy-' },
        },
        ['protocolPort'],
      ),
    },
    loadBalancerAttributes: attributes,
  }),
  TargetGroupConfiguration: object({
    targetReference: object({ name: text }, ['name']),
    defaultConfiguration: object({
      targetType: { enum: ['instance', 'ip'] },
      healthCheckConfig: object({
        healthCheckPath: { type: 'string', pattern: '^/' },
        healthCheckInterval: { type: 'integer', minimum: 5 },
      }),
      targetGroupAttributes: attributes,
    }),
  }),
};

const ajv = new Ajv({ allErrors: true });

/** Classes in the form of kubernetes-models: made from a document, with a `validate` that throws. */
export const awsModels = Object.fromEntries(
  Object.entries(specs).map(([kind, spec]) => {
    const validate = ajv.compile(
      object({ apiVersion: { const: 'gateway.k8s.aws/v1beta1' }, kind: { const: kind }, metadata: { type: 'object' }, spec }, ['spec']),
    );
    return [
      kind,
      class {
        /** @param {unknown} document */
        constructor(document) {
          this.document = document;
        }

        validate() {
          if (!validate(this.document)) throw new Error(ajv.errorsText(validate.errors));
        }
      },
    ];
  }),
);
