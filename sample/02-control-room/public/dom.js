/** The element with an id, which index.html has. */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element. What comes from etcd is only ever set as text, never as HTML.
 */
export function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** A link to another instance. Anybody can write into etcd, a `javascript:` address too. */
export function linkTo(url) {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : {};
  const isWeb = protocol === 'http:' || protocol === 'https:';
  return isWeb ? element('a', { href: url, rel: 'noreferrer' }, host) : element('span', {}, url);
}

let noticeTimer;

/** Says something for a few seconds. */
export function notify(text) {
  byId('notice').textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => byId('notice').replaceChildren(), 6_000);
}

/** Asks the application to do something. Rejects with the reason that it gives. */
export async function send(method, path, body = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error('The application does not answer.');
  }
  const text = await response.text();
  const answer = text === '' ? {} : JSON.parse(text);
  if (!response.ok) throw new Error(String(answer.message ?? response.statusText));
  return answer;
}
