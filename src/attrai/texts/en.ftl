# What people read. A failure's code is the name of its text.

source-unreadable = The photo can't be read: { $reason }.
file-too-large = The file is larger than { $limit_mb } MB. Please send a smaller one.
not-an-image = This is not an image, or not in a format that can be read here (JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, GIF).
broken-image = The image is damaged or incomplete. Please send it again.
too-many-pixels = The photo has more than { $limit_megapixels } megapixels. Please send a smaller one.
too-small = The photo is too small: each side needs at least { $limit } pixels.
no-face = No face was found. A photo where the face is larger and turned to the camera may do better.
undeliverable = The picture could not be written: { $reason }.
timed-out = This took too long, and we gave up. Please send the photo again.
internal = Something went wrong on our side.
faces-left-out = { $found } faces were found; the { $shown } largest are shown.
