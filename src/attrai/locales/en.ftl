# What people read. A failure's code is the name of its text.

## Why there is no picture

source-unreadable = Couldn't read the photo: { $reason }.
photo-unavailable = Couldn't get this photo from Telegram. Please send it again.
file-too-large = The file is larger than { $limit_mb } MB. Please send a smaller one.
not-an-image = This isn't an image in a format that can be read here. Please send an ordinary JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF; raw photos and rare variants of these can't be read.
broken-image = The image is damaged or incomplete. Please send it again.
unreadable-image = This file can't be read here, and sending it again won't help. Please send another photo, or save this one as a JPEG.
too-many-pixels = The photo has more than { $limit_megapixels } megapixels. Please send a smaller one.
too-small = The photo is too small: each side must be at least { $limit } pixels.
no-face = No face found. Try a photo where the face is upright, larger and looking at the camera.
undeliverable = Couldn't save the picture: { $reason }.
timed-out = This took too long. Please send the photo again.
internal = Something went wrong on our side. Please try again later.
user-busy = { $limit ->
    [one] Your last photo is still being rated.
   *[other] Your last { $limit } photos are still being rated.
} Please send this one again { $when }.
busy = There's a long queue right now. Please send this photo again { $when }.
daily-limit = That's all for today: I rate up to { $limit ->
    [one] { $limit } photo
   *[other] { $limit } photos
} a day for you. Please send this one again { $when }.

## The picture

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } / 10
rated-many = { $count ->
    [one] { $count } face:
   *[other] { $count } faces, left to right:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = no score
minors = { $count ->
    [1] One face looks too young to be scored, so it has a box without a number.
   *[other] { $count } faces look too young to be scored, so they have boxes without numbers.
}
only-minors = { $count ->
    [1] This face looks too young to be scored, so it has a box without a number.
    [2] Both faces look too young to be scored, so they have boxes without numbers.
   *[other] All { $count } faces look too young to be scored, so they have boxes without numbers.
}
album-photo = Photo { $number }
album-item = { $which }: { $words }
perhaps-sent = I sent the picture twice, but Telegram won't say whether it arrived. If you don't see it, please send the photo again.
perhaps-sent-album = I sent the pictures twice, but Telegram won't say whether they arrived. If you don't see them, please send the photos again.
faces-left-out = Found { $found } faces, showing the { $shown ->
    [one] largest
   *[other] { $shown } largest
}.

## While a photo is being processed

progress = { $photos ->
    [one] Rating your photo
   *[other] Rating your { $photos } photos
}, about { $wait }.

## Conversation

start =
    Hello! Send me a photo, and I'll find the faces in it and score each one from 1 to 10.

    The score is my guess at the average rating a few hundred people would give. It's just for fun and says nothing certain about anyone.

    Please send only photos of people who agreed to it, and never of children.

    What else I can do: /help
help =
    Send me a photo, several at once, or an image as a file. I'll send it back with a box and a score for each face.

    The score, from 1 to 10, is my guess at the average rating a few hundred people would give. It's just for fun, not a fact about anyone. Please send only photos of people who agreed to it, and never of children. A face that looks like a child's gets a box without a number.

    Opinions differ: to see by how much (±), write the word ranking in the photo's caption.

    I take up to { $photos ->
        [one] { $photos } photo
       *[other] { $photos } photos
    } from you at a time, each up to { $limit_mb } MB.

    In a group, mention me in the photo's caption or reply to a photo with /rate.

    /styles – ways to draw the result
    /language – the language I write in
    /privacy – what happens to your photos
privacy =
    What is processed: your photo and the faces in it, by software on the server of whoever runs this bot. They are not passed on to anyone else. The software estimates a score and an age for each face, the age only so that children get no score.

    For how long: your photo is deleted as soon as the result is drawn, and the result as soon as you have it. Whatever couldn't be answered is deleted { $when } at the latest.

    What is kept: daily statistics (how many people sent how many photos, how that ended, how long it took and how often each score was given) and, for about a day, scrambled IDs of each message and its sender, so that no photo is rated twice and limits are kept. If you are blocked, your scrambled ID is kept until that ends. No photos, no faces, no names, no chats.

    If you choose a language with /language, it is kept with a scrambled ID of yours, until you choose “{ language-automatic }” or haven't written to me for a year.

    Telegram itself keeps this chat. If you delete your photo there before I answer, there will be no answer.
styles =
    Write the name of a style in the photo's caption to choose how the result is drawn:

    { $styles }

    The default is { $default }. The buttons under a picture draw it again in another style.
style-line = { $name }: { $style }
settings =
    /language – the language I answer in
    /styles – ways to draw the result
style-boxes = a box and a score for each face
style-ranking = numbered faces and a list from the highest score to the lowest, with how much people would disagree (±)
style-spotlight = bright faces, everything else dimmed
style-other = a style that only this server has
no-photo = That's not a photo. Send me one, or an image as a file. /help
no-video = I can't rate videos, only photos. Send me a picture from it. /help
rate-what = Reply to a photo with /rate, and I'll rate the faces in it.

## Buttons

button-boxes = Boxes
button-ranking = Ranking
button-spotlight = Spotlight
button-file = As a file
button-delete = Delete
button-cancel = Cancel
press-taken = One moment…
press-busy = That would be too many photos. Please press again { $when }.
press-photo-gone = The photo is gone, so I can't draw it again.
press-undeletable = Telegram doesn't let me delete this any more.
press-not-yours = Only the person who asked, or an administrator, may press this.
press-cancelled = Cancelled.
press-too-late = Too late: the answer is on its way.
press-old = This button no longer works.
not-allowed = Sorry, this bot isn't open to everyone, so I can't help you here.

## The language

language-name = English
language = Which language should I write to you in?
language-automatic = Same as Telegram
language-set = From now on I'll write to you in English.
language-automatic-set = From now on I'll write in your Telegram's language.

## For the operator

no-worker = No workers running: { $stages }. { $waiting ->
    [0] New photos will wait there.
    [one] { $waiting } photo is waiting there.
   *[other] { $waiting } photos are waiting there.
}
bottleneck = { $stage } is the bottleneck: { $waiting ->
    [one] { $waiting } photo is waiting
   *[other] { $waiting } photos are waiting
}, about { $wait } of work for { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}. With { $needed ->
    [one] { $needed } worker
   *[other] { $needed } workers
} the queue would clear within a minute.
bottleneck-clears = { $stage } is the bottleneck: { $waiting ->
    [one] { $waiting } photo is waiting
   *[other] { $waiting } photos are waiting
}, about { $wait } of work for { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}. The queue clears within a minute, so no more workers are needed.
admin = Photos in flight: { $photos }. Estimate for a new one: { $wait }.
admin-today = Today: { $requests ->
    [one] { $requests } photo
   *[other] { $requests } photos
} from { $users ->
    [one] { $users } person
   *[other] { $users } people
}.
admin-stage = { $stage }: { $waiting } waiting, { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}, { $per_minute } per minute
admin-counts = Users at their limit: { $full }. Dead letters: { $dead }. Log records dropped today: { $dropped }.
admin-down = { $part } is down: { $reason }.
admin-blocked = Blocked: { $user }
admin-unblocked = No longer blocked: { $user }
admin-block-list = { $count ->
    [0] Nobody is blocked.
   *[other] Blocked: { $count }
}
admin-block-whom = Whom? Write /admin block or /admin unblock with a pseudonym from the logs, or in reply to a forwarded message whose author Telegram shows. /admin blocked lists everyone who is blocked.

## The menu of commands

command-help = what I can do
command-styles = ways to draw the result
command-language = the language I write in
command-settings = language and style
command-privacy = what happens to your photos
command-rate = reply to a photo with this to rate it

## What Telegram shows of the bot, before the first message and in its profile

bot-description =
    Send me a photo, and I'll find the faces in it and score each one from 1 to 10.

    The score is my guess at the average rating a few hundred people would give. It's just for fun.

    Please send only photos of people who agreed to it, and never of children.
bot-short-description = Finds the faces in your photos and scores each one from 1 to 10. Just for fun.
