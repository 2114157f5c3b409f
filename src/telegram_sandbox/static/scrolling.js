/** Keeps the end of the chat in view, unless the person has scrolled up. */

import { page } from "./elements.js";

/** Whether the end of the chat stays in view when something is added to it. */
let following = true;
let lastTop = 0;

export function follow() {
  following = true;
  page.log.scrollTo({ top: page.log.scrollHeight, behavior: "instant" });
}

/** Only scrolling up lets go of the end: what is added meanwhile also makes it far away. */
function onScroll() {
  const { scrollTop, scrollHeight, clientHeight } = page.log;
  const atEnd = scrollHeight - scrollTop - clientHeight < 80;
  following = atEnd || (following && scrollTop >= lastTop);
  lastTop = scrollTop;
  page.down.hidden = following;
}

page.down.addEventListener("click", follow);
page.log.addEventListener("scroll", onScroll);
const sizes = new ResizeObserver(() => following && follow());
for (const node of [page.log, page.messages, page.pending]) sizes.observe(node);
