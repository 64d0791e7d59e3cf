import type { GenerationView } from '@darkroom/contracts';
import { showReason } from '../parts/forms.ts';
import { html, type Html } from '../parts/html.ts';

/** Shows what may be done with a generation. Each act asks for its reason. */
export function showActs({ generationId, images }: GenerationView, isOpen: boolean): Html {
  const missing = images.filter(({ status }) => status !== 'succeeded' && status !== 'open');
  const mayPayAgain = missing.some(({ status }) => status === 'lost' || status === 'unknown');
  const act = (name: string, title: string, words: string, more: Html = ''): Html =>
    html`<details>
      <summary>${title}</summary>
      <p>${words}</p>
      <form method="post" action="generations/${generationId}/${name}">
        ${showReason()}${more}<button type="submit" class=${name === 'erase' ? 'danger' : ''}>${title}</button>
      </form>
    </details>`;
  return html`<section aria-labelledby="acts">
    <h2 id="acts">Acts</h2>
    <div class="acts">
      ${isOpen && act('cancel', 'Cancel', 'What is not sent yet is never bought. What was sent comes home and is kept.')}
      ${
        !isOpen &&
        missing.length > 0 &&
        act(
          'retry',
          missing.length === 1 ? 'Retry 1 image' : `Retry ${missing.length} images`,
          'Buys the missing images again, in a new generation for the same tenant.',
          mayPayAgain &&
            html`<label class="line"
              ><input type="checkbox" name="mayPayAgain" value="yes" />Also those that are unknown or lost: they may be paid for
              twice</label
            >`,
        )
      }
      ${act(
        'erase',
        'Erase',
        'Deletes its request, its prompt and its images for good, in Redis and in the bucket. Its cost and the name of the tenant stay.',
        html`<label class="line"><input type="checkbox" name="sure" value="yes" required />It cannot be undone</label
          >${isOpen && html`<label class="line"><input type="checkbox" name="cancel" value="yes" />Cancel it first</label>`}`,
      )}
    </div>
  </section>`;
}
