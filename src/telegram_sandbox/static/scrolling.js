/** Keeps the end of the chat in view unless the user has scrolled up. */

import { page } from "./elements.js";

/** Whether the chat scrolls to its end when content is added. */
let following = true;
let lastTop = 0;

export function follow() {
  following = true;
  page.log.scrollTo({ top: page.log.scrollHeight, behavior: "instant" });
}

/** Stops following only on scrolling up, because added content also moves the end out of view. */
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
