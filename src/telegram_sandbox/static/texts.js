/** The page's texts, in the language that the user has chosen or else in English. */

const TEXTS = {
  en: {
    asFile: "as file", asPhoto: "as photo", asSticker: "as sticker",
    attach: "Attach photos or files",
    attached: "Attached files", block: "Block the bot", blocked: "You blocked the bot.",
    caption: "Add a caption…", chat: "Chat with attrai", choose: "Choose a photo", close: "Close",
    commands: "Commands", connecting: "connecting…", delete: "Delete", deleted: "Deleted message",
    discard: "Discard", down: "Jump to the latest message", download: "Download",
    dropHere: "Drop photos or files here", edited: "edited", forwarded: "Forwarded from {}",
    howTo: "The bot finds the faces in it and rates each from 1 to 10. Choose a photo, drag it "
      + "onto this page or paste it from the clipboard.",
    language: "Language", message: "Message…", noServer: "Can't reach the sandbox.",
    online: "bot", photo: "Photo", picture: "Picture", refused: "Couldn't send this: {}.",
    remove: "Remove {}", reveal: "Show what is hidden", retry: "Try again",
    send: "Send", sending: "Sending…",
    sendAsFile: "Send as file", showOriginal: "Show the original message",
    standIn: "This page stands in for Telegram: you need no account, and the chat is gone once the "
      + "sandbox stops.",
    tooLarge: "{} is larger than 50 MB.", tooMany: "At most 10 files at a time.",
    typing: "typing…", unblock: "Unblock", underSpoiler: "under a spoiler",
    upload_document: "sending a file…",
    upload_photo: "sending a photo…", welcome: "Send a photo with a face", you: "You",
  },
  ru: {
    asFile: "как файл", asPhoto: "как фото", asSticker: "как стикер",
    attach: "Прикрепить фото или файлы",
    attached: "Прикреплённые файлы", block: "Заблокировать бота",
    blocked: "Вы заблокировали бота.", caption: "Добавьте подпись…", chat: "Чат с attrai",
    choose: "Выбрать фото", close: "Закрыть", commands: "Команды", connecting: "соединение…",
    delete: "Удалить", deleted: "Удалённое сообщение", discard: "Убрать",
    down: "К последнему сообщению", download: "Скачать",
    dropHere: "Отпустите здесь фото или файлы", edited: "изменено",
    forwarded: "Переслано от {}",
    howTo: "Бот найдёт на нём лица и оценит каждое от 1 до 10. Выберите фото, перетащите его на "
      + "эту страницу или вставьте из буфера обмена.",
    language: "Язык", message: "Сообщение…", noServer: "Нет связи с песочницей.", online: "бот",
    photo: "Фото", picture: "Изображение", refused: "Не удалось отправить: {}.",
    remove: "Убрать {}", reveal: "Показать скрытое", retry: "Повторить",
    send: "Отправить", sending: "Отправляется…",
    sendAsFile: "Отправить файлом", showOriginal: "Показать исходное сообщение",
    standIn: "Эта страница заменяет Telegram: учётная запись не нужна, а переписка исчезнет, когда "
      + "песочница остановится.",
    tooLarge: "{} больше 50 МБ.", tooMany: "Не больше 10 файлов сразу.", typing: "печатает…",
    unblock: "Разблокировать", underSpoiler: "под спойлером",
    upload_document: "отправляет файл…",
    upload_photo: "отправляет фото…", welcome: "Отправьте фото с лицом", you: "Вы",
  },
};

/** The language of the user's app, which is the page's own if that has texts in it. */
export let language = localStorage.getItem("language")
  ?? (navigator.language.startsWith("ru") ? "ru" : "en");

export function setLanguage(choice) {
  language = choice;
  localStorage.setItem("language", choice);
}

export const pageLanguage = () => (language in TEXTS ? language : "en");
export const hasText = (key) => key in TEXTS[pageLanguage()];
export const translate = (key, value) => TEXTS[pageLanguage()][key].replace("{}", value);
