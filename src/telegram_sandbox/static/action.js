/** What the line below the bot's name says. */

import { page } from "./elements.js";
import { knows, say } from "./words.js";

/** Telegram shows an action for five seconds, or until the bot's next message. */
const ACTION_MS = 5000;

/** What the bot does now, if anything, and when that is over. */
let action = null;
let actionEnd;

/** Says under the bot's name what it does; a lost connection counts as such. */
export function showAction(current) {
  action = current;
  clearTimeout(actionEnd);
  page.status.textContent = say(knows(action) ? action : "online");
  page.status.classList.toggle("busy", action !== null);
  if (action && action !== "connecting") actionEnd = setTimeout(showAction, ACTION_MS, null);
}

/** Says it again, in the language of now. */
export const repeatAction = () => showAction(action);
