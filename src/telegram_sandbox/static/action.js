/** The status line below the bot's name. */

import { page } from "./elements.js";
import { hasText, translate } from "./texts.js";

/** Milliseconds that an action is shown unless the bot sends a message, as in Telegram. */
const ACTION_MS = 5000;

/** The current action, or null, and the timer that ends it. */
let action = null;
let actionEnd;

/** Shows an action of the bot, or null for none; a lost connection is the action "connecting". */
export function showAction(current) {
  action = current;
  clearTimeout(actionEnd);
  page.status.textContent = translate(hasText(action) ? action : "online");
  page.status.classList.toggle("busy", action !== null);
  if (action && action !== "connecting") actionEnd = setTimeout(showAction, ACTION_MS, null);
}

/** Shows the current action again, after a change of language. */
export const rerenderAction = () => showAction(action);
