import type { GrokImagineRequestInput } from './request.ts';

/** The three requests of the model's page ("Examples"), letter for letter. */
export const exampleRequests: readonly { readonly title: string; readonly request: GrokImagineRequestInput }[] = [
  {
    title: 'Surreal Astronaut Dreamscape',
    request: {
      taskType: 'imageInference',
      taskUUID: '39571168-687a-4aec-a253-df7be20bd0d4',
      model: 'xai:grok-imagine@image',
      positivePrompt:
        'A surreal cinematic scene of a lone astronaut standing on a mirror-like salt flat under a giant glowing jellyfish-shaped nebula, distant crystalline mountains, floating shards of glass reflecting starlight, volumetric moonbeams, ultra-detailed suit textures, vivid teal and magenta color palette, atmospheric haze, dramatic composition, photorealistic yet dreamlike, high contrast, intricate environmental detail',
      width: 1280,
      height: 896,
    },
  },
  {
    title: 'Surreal Bioluminescent Forest',
    request: {
      taskType: 'imageInference',
      taskUUID: '12228d65-c7e2-4b7c-959b-624762395b63',
      model: 'xai:grok-imagine@image',
      positivePrompt:
        'A surreal bioluminescent forest at twilight, towering crystalline trees glowing with teal and violet light, floating pollen-like sparks, a glassy stream reflecting luminous mushrooms and enormous fern leaves, a lone traveler in a weathered cloak կանգ on a moss-covered stone bridge, cinematic atmosphere, volumetric fog, ultra-detailed fantasy concept art, dramatic composition, rich textures, ethereal color palette, high contrast, sharp focus',
      width: 1280,
      height: 896,
    },
  },
  {
    title: 'Neon Rain Alley Portrait',
    request: {
      taskType: 'imageInference',
      taskUUID: '55864462-dfd9-4374-9f69-7273f230e732',
      model: 'xai:grok-imagine@image',
      positivePrompt:
        'A cinematic cyberpunk portrait of a lone courier կանգing in a narrow neon-lit alley at night, reflective rain-slick pavement, holographic shop signs in magenta and teal, soft mist drifting through the scene, detailed futuristic streetwear with glowing trim, subtle facial scars, confident expression, dramatic rim lighting, shallow depth of field, ultra-detailed textures, moody atmosphere, high contrast, realistic skin tones, premium editorial photography style',
      width: 1280,
      height: 896,
    },
  },
];
