# What people read. A failure's code is the name of its text.

## Why there is no picture

source-unreadable = The photo can't be read: { $reason }.
file-too-large = The file is larger than { $limit_mb } MB. Please send a smaller one.
not-an-image = This is not an image, or not in a format that can be read here (JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, GIF).
broken-image = The image is damaged or incomplete. Please send it again.
too-many-pixels = The photo has more than { $limit_megapixels } megapixels. Please send a smaller one.
too-small = The photo is too small: each side needs at least { $limit } pixels.
no-face = No face was found. A photo where the face is larger and turned to the camera may do better.
undeliverable = The picture could not be written: { $reason }.
timed-out = This took too long, and we gave up. Please send the photo again.
internal = Something went wrong on our side. Please try again in a while.
user-busy = { $limit ->
    [one] A photo of yours is still in work.
   *[other] { $limit } photos of yours are still in work, which is as many as one person may have.
} Please send this one again in about { $wait }.
busy = Very many photos are waiting just now. Please send this one again in about { $wait }.

## The picture

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } of 10, give or take { NUMBER($spread, minimumFractionDigits: 1, maximumFractionDigits: 1) }
rated-many = { $count ->
    [one] { $count } face:
   *[other] { $count } faces, from left to right:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } ±{ NUMBER($spread, minimumFractionDigits: 1, maximumFractionDigits: 1) }
faces-left-out = { $found } faces were found; the { $shown } largest are shown.

## While a photo is in work

in-work = { $photos ->
    [one] Your photo is in work.
   *[other] Your { $photos } photos are in work.
} Done in about { $wait }.
wait-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
wait-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

## Conversation

start =
    Hello! Send me a photo, and I find the faces on it and score each from 1 to 10.

    A score is what a few hundred raters would say on average, give or take how far they disagree. It is for fun and says nothing certain about anybody.

    Please send only photos of people who agreed to it, and none of children.

    What else I can do: /help
help =
    Send me a photo, several at once, or an image as a file. You get it back with a box and a score around each face.

    A score from 1 to 10 is what a few hundred raters would say on average; the ± says how far they would disagree. It is for fun, not a fact about a person. Only photos of people who agreed, none of children.

    Up to { $photos ->
        [one] { $photos } photo
       *[other] { $photos } photos
    } of yours may be in work at a time, each up to { $limit_mb } MB.

    In a group, mention me in the photo's caption or reply /rate to a photo.

    /styles – how the picture is drawn
    /privacy – what becomes of your photos
privacy =
    What is processed: your photo and the faces on it, by a program on the server of whoever runs this bot. It goes to nobody else.

    How long: your photo is deleted as soon as the picture is drawn, and the picture as soon as you have it. What can't be answered is deleted after { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    } at the latest.

    What is kept: by day, how many people sent how many photos, how that ended, how long it took and how often each score was given; and for about a day a scrambled number of each message, so that no photo is rated twice. No photo, no face, no name, no chat.

    Telegram itself keeps this chat. Delete your photo there before it is answered, and there will be no answer.
styles =
    A photo's caption may name how the picture is drawn:

    { $styles }

    Without a name it is { $default }.
style-boxes = a box and a score around each face
style-ranking = the same, and a list from the highest score to the lowest
style-spotlight = the faces bright, all else dimmed
style-other = a style of this server's own
no-photo = That's no photo. Send me one, or an image as a file. /help
rate-what = Reply /rate to a photo, and I rate the faces on it.

## For the operator

no-worker = No worker lives of: { $stages }. { $waiting ->
    [0] Photos that come now will wait there.
    [one] { $waiting } photo waits there.
   *[other] { $waiting } photos wait there.
}
bottleneck = { $stage } holds the others up: { $waiting ->
    [one] { $waiting } photo waits
   *[other] { $waiting } photos wait
} there, { $workers ->
    [one] and its { $workers } worker needs
   *[other] and its { $workers } workers need
} about { $wait }. With { $needed ->
    [one] { $needed } worker
   *[other] { $needed } workers
} its queue would be empty within a minute.
bottleneck-clears = { $stage } holds the others up: { $waiting ->
    [one] { $waiting } photo waits
   *[other] { $waiting } photos wait
} there, { $workers ->
    [one] and its { $workers } worker needs
   *[other] and its { $workers } workers need
} about { $wait }. That is within a minute; more workers are not needed.
admin = In work: { $photos ->
    [one] { $photos } photo
   *[other] { $photos } photos
}. A new one is answered in about { $wait }.
admin-today = Today: { $requests ->
    [one] { $requests } photo
   *[other] { $requests } photos
} of { $users ->
    [one] { $users } person
   *[other] { $users } people
}.
admin-stage = { $stage }: { $waiting } waiting, { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}, { $per_minute } a minute
admin-counts = Users at their limit: { $full }. Dead letters: { $dead }. Log records dropped today: { $dropped }.
admin-down = { $part } is down: { $reason }.

## The menu of commands

command-help = what I do
command-styles = how the picture is drawn
command-privacy = what becomes of your photos
command-rate = in a group, as a reply: rate this photo
