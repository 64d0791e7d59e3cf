import { isFinalGeneration, type GenerationView, type ImageView, type SubmissionTimeline } from '@darkroom/contracts';
import { html, type Html } from '../parts/html.ts';
import { badge, duration, moment, nothing } from '../parts/words.ts';
import { pictureHref, pictureOf } from '../pictures/picture-of.ts';
import { cureOf } from './cures.ts';
import { showActs } from './show-acts.ts';
import { wordsOfStep } from './step-words.ts';

export interface GenerationParts {
  readonly generation: GenerationView;
  readonly timeline: readonly SubmissionTimeline[];
  readonly now: number;
  readonly hasPictures: boolean;
  readonly showPrompts: boolean;
  readonly mayAct: boolean;
  /** The result of an act, in words. */
  readonly note: string | undefined;
}

/** Shows the life of one generation. */
export function showGeneration(parts: GenerationParts): Html {
  const { generation, timeline, now, note, mayAct } = parts;
  const { status, tenant, model, costUsd, reservedUsd, createdAt, finishedAt, deadlineAt, runAt, retryOf, tags, queue, priority, amended } =
    generation;
  const isOpen = !isFinalGeneration(status);
  return html`
    ${note !== undefined && html`<p class="notice good" role="status">${note}</p>`}
    <dl class="tiles">
      <div>
        <dt>Status</dt>
        <dd>${badge(status)}<small>${amended ? 'an image came after the end' : ''}</small></dd>
      </div>
      <div>
        <dt>Tenant</dt>
        <dd><a href="generations?tenant=${encodeURIComponent(tenant)}">${tenant}</a><small>${model}</small></dd>
      </div>
      <div>
        <dt>Booked</dt>
        <dd>${costUsd} USD<small>${reservedUsd} USD held</small></dd>
      </div>
      <div>
        <dt>Created</dt>
        <dd>
          <small>${moment(createdAt)}</small
          >${finishedAt === undefined ? `${duration(now - createdAt)} so far` : `took ${duration(finishedAt - createdAt)}`}
        </dd>
      </div>
      ${
        queue !== undefined &&
        html`<div>
          <dt>Place in the queue</dt>
          <dd>
            ${queue.position}<small
              >${queue.estimatedStartAt === undefined ? 'no worker buys' : html`about ${moment(queue.estimatedStartAt)}`}</small
            >
          </dd>
        </div>`
      }
      ${
        runAt !== undefined &&
        html`<div>
          <dt>Not before</dt>
          <dd><small>${moment(runAt)}</small></dd>
        </div>`
      }
      ${
        deadlineAt !== undefined &&
        html`<div>
          <dt>Deadline</dt>
          <dd><small>${moment(deadlineAt)}</small></dd>
        </div>`
      }
      ${
        priority !== undefined &&
        html`<div>
          <dt>Priority</dt>
          <dd>${priority}</dd>
        </div>`
      }
      ${
        retryOf !== undefined &&
        html`<div>
          <dt>Retry of</dt>
          <dd>
            <small
              ><a href="generations/${retryOf}"><code>${retryOf}</code></a></small
            >
          </dd>
        </div>`
      }
      ${
        tags !== undefined &&
        html`<div>
          <dt>Tags</dt>
          <dd><small>${tags.join(', ')}</small></dd>
        </div>`
      }
    </dl>
    ${
      parts.showPrompts &&
      html`<h2>Prompt</h2>
        <p>${generation.request.positivePrompt}</p>`
    }
    ${generation.images.map((image) =>
      showImage(
        parts,
        image,
        timeline.filter(({ index }) => index === image.index),
      ),
    )}
    ${mayAct && showActs(generation, isOpen)}
  `;
}

function showImage({ generation, hasPictures, now }: GenerationParts, image: ImageView, submissions: readonly SubmissionTimeline[]): Html {
  const { index, status, costUsd, fault, withheld, nsfwContent, seed, road, factsFrom, extras } = image;
  return html`<section aria-labelledby="image-${index}">
    <h2 id="image-${index}">Image ${index} ${badge(status)}</h2>
    <div class="split">
      ${showPicture(generation.generationId, image, hasPictures)}
      <div>
        <p>
          ${costUsd} USD
          booked${road !== undefined && `, came by ${road === 'upload' ? 'the upload' : 'its address'}`}${factsFrom !== undefined && `, facts from ${factsFrom}`}${seed !== undefined && html`, seed <code>${seed}</code>`}
        </p>
        ${image.image !== undefined && html`<p class="soft">${image.image.width} × ${image.image.height}, ${Math.round(image.image.sizeBytes / 1024)} KB, ${image.image.contentType}</p>`}
        ${withheld === true && html`<p class="notice"><strong>Withheld.</strong> ${cureOf('image.withheld')}</p>`}
        ${nsfwContent === true && html`<p class="notice">The content check flags this image.</p>`}
        ${extras.length > 0 && html`<p class="notice">${extras.length} further paid images of this index came home.</p>`}
        ${
          fault !== undefined &&
          html`<div class="notice bad">
            <p>
              <strong><code>${fault.code}</code></strong
              >: ${fault.message}
            </p>
            ${cureOf(fault.code) !== undefined && html`<p><strong>What to do:</strong> ${cureOf(fault.code)}</p>`}
          </div>`
        }
        ${submissions.map((submission) => showSteps(submission, image, submissions.length, now))}
      </div>
    </div>
  </section>`;
}

function showPicture(generationId: string, { index, image, nsfwContent }: ImageView, hasPictures: boolean): Html {
  if (image === undefined) return '';
  if (!hasPictures) return html`<p class="soft">The dashboard was given no bucket.</p>`;
  const whole = pictureHref(generationId, index, 'whole');
  return html`<p>
    ${pictureOf(generationId, index, 'large')}<br /><a href=${whole}>${nsfwContent === true ? 'Show the flagged image' : 'Whole image'}</a>
  </p>`;
}

function showSteps({ n, steps, omitted }: SubmissionTimeline, image: ImageView, count: number, now: number): Html {
  const begin = steps[0]?.at;
  return html`<h3>${count === 1 && n === 1 ? 'What happened' : `Purchase ${n}`}</h3>
    ${
      steps.length === 0 || begin === undefined
        ? nothing('Nothing was noted: an earlier version made it.')
        : html`<ol class="steps">
            ${steps.map(
              (step, place) =>
                html`<li>
                  ${moment(step.at)} <span class="soft">+${duration(step.at - (steps[place - 1]?.at ?? begin))}</span> ${wordsOfStep(step)}
                </li>`,
            )}
            ${omitted > 0 && html`<li class="soft">${omitted} steps are left out behind the eighth</li>`}
            ${image.status === 'open' && n === image.submissions && html`<li class="soft">open for ${duration(now - begin)}</li>`}
          </ol>`
    }`;
}
