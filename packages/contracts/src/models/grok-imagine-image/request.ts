// Interface stub, replaced by the model's page as code.
export type OutputFormat = 'JPG' | 'PNG' | 'WEBP';
export interface GrokImagineRequest {
  model: 'xai:grok-imagine@image';
  positivePrompt: string;
  width?: number;
  height?: number;
  resolution?: '1K';
  inputs?: { referenceImages: string[] };
  outputType: 'URL' | 'base64Data' | 'dataURI';
  outputFormat: OutputFormat;
  outputQuality: number;
  deliveryMethod: 'sync' | 'async';
  ttl?: number;
  safety?: { checkContent?: boolean; mode?: 'none' | 'fast' };
  includeCost: boolean;
  numberResults: number;
  clientReference?: string;
}
