# 人们读到的文字。失败的代码就是其文字的名称。

## 为什么没有图片

source-unreadable = 无法读取照片：{ $reason }。
photo-unavailable = 无法从 Telegram 获取这张照片。请重新发送。
file-too-large = 文件超过 { $limit_mb } MB。请发送小一点的文件。
not-an-image = 这不是图片，或者它的格式无法识别。普通的 JPEG、PNG、WebP、HEIC、AVIF、TIFF、BMP 和 GIF 都可以，RAW 照片和这些格式的少见变体不行。
broken-image = 图片已损坏或不完整。请重新发送。
unreadable-image = 这个文件无法读取，再发一次也没用。请换一张照片，或者把它存为 JPEG。
too-many-pixels = 照片超过 { $limit_megapixels } 百万像素。请发送小一点的照片。
too-small = 照片太小：每条边至少要有 { $limit } 像素。
no-face = 没有找到人脸。请换一张脸部端正、更大、正对镜头的照片。
undeliverable = 无法保存图片：{ $reason }。
timed-out = 处理时间太长了。请重新发送照片。
internal = 我们这边出了点问题。请稍后再试。
user-busy = { $limit ->
    [1] 你的上一张照片还在评分。
   *[other] 你之前的 { $limit } 张照片还在评分。
}请在{ $when }重新发送这一张。
busy = 现在排队的人很多。请在{ $when }重新发送这张照片。
daily-limit = 今天的次数用完了：我每天最多给你的 { $limit } 张照片评分。请在{ $when }重新发送这一张。

## 图片

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } 分（满分 10 分）
rated-many = { $count } 张脸，从左到右：{ $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = 未评分
minors = 有 { $count } 张脸看起来年纪太小，不适合评分，所以只有方框，没有分数。
only-minors = { $count ->
    [1] 这张脸看起来年纪太小，不适合评分，所以只有方框，没有分数。
    [2] 这两张脸看起来年纪都太小，不适合评分，所以只有方框，没有分数。
   *[other] 这 { $count } 张脸看起来年纪都太小，不适合评分，所以只有方框，没有分数。
}
album-photo = 照片 { $number }
album-item = { $which }：{ $words }
perhaps-sent = 图片我发了两次，但 Telegram 没有确认是否送达。如果你没看到，请重新发送照片。
perhaps-sent-album = 这组图片我发了两次，但 Telegram 没有确认是否送达。如果你没看到，请重新发送照片。
faces-left-out = 共找到 { $found } 张脸，只标出最大的 { $shown } 张。

## 照片处理期间

progress = { $photos ->
    [1] 正在给你的照片评分
   *[other] 正在给你的 { $photos } 张照片评分
}，大约需要{ $wait }。

## 对话

start =
    你好！发给我一张照片，我会找出里面的人脸，并给每张脸打 1 到 10 分。

    分数是我的猜测：如果让几百个人来打分，平均大概会是多少。只是为了好玩，并不能说明一个人怎么样。

    请只发送征得本人同意的照片，千万不要发送儿童的照片。

    我还会什么：/help
help =
    发给我一张照片、一次发几张，或者以文件形式发送图片。我会给每张脸加上方框和分数，再发回给你。

    1 到 10 的分数是我的猜测：如果让几百个人来打分，平均大概会是多少。只是为了好玩，并不是对一个人的定论。请只发送征得本人同意的照片，千万不要发送儿童的照片。看起来像儿童的脸只会有方框，没有分数。

    每个人的看法不同：想知道分歧有多大（±），就在照片的说明文字里写上 ranking。

    我一次最多接收你的 { $photos } 张照片，每张不超过 { $limit_mb } MB。

    在群组里，请在照片的说明文字里提到我，或者用 /rate 回复一张照片。

    /styles – 结果的绘制样式
    /language – 我使用的语言
    /privacy – 你的照片会怎样处理
privacy =
    处理什么：你的照片和其中的人脸，由本机器人运营者服务器上的软件处理，不会交给其他任何人。软件会估计每张脸的分数和年龄，估计年龄只是为了不给儿童打分。

    多长时间：结果画好后，你的照片立即删除；结果送到你手中后，也立即删除。无法答复的内容最迟在{ $when }删除。

    保留什么：每日统计（多少人发了多少张照片、结果如何、用时多久、每个分数出现了多少次），以及每条消息及其发送者经过加密的编号，保留大约一天，以免同一张照片被评两次，并用于执行限额。如果你被屏蔽，你的加密编号会保留到屏蔽解除为止。不保留照片、人脸、姓名和聊天内容。

    如果你用 /language 选择了语言，它会和你的一个加密编号一起保存，直到你选择“{ language-automatic }”，或者一年没有给我发消息。

    Telegram 自己会保存这段聊天。如果你在我答复之前删除照片，就不会有答复了。
styles =
    想选择结果的绘制样式，就在照片的说明文字里写上样式的名称：

    { $styles }

    默认是 { $default }。图片下方的按钮可以换一种样式重新绘制。
style-line = { $name }：{ $style }
settings =
    /language – 我使用的语言
    /styles – 结果的绘制样式
style-boxes = 每张脸一个方框和一个分数
style-ranking = 给人脸编号，并从高分到低分列出，附上看法的分歧（±）
style-spotlight = 人脸明亮，其余部分变暗
style-other = 本服务器特有的样式
no-photo = 这不是照片。请发给我一张照片，或者以文件形式发送图片。 /help
no-video = 我不给视频评分，只给照片评分。请发给我一张视频截图。 /help
rate-what = 用 /rate 回复一张照片，我就会给里面的人脸评分。

## 按钮

button-boxes = 方框
button-ranking = 排名
button-spotlight = 聚光
button-file = 作为文件
button-delete = 删除
button-cancel = 取消
press-taken = 请稍等…
press-busy = 现在的照片太多了。请在{ $when }再按一次。
press-photo-gone = 照片已经不在了，所以我没法重新绘制。
press-undeletable = Telegram 已经不允许我删除这条消息了。
press-not-yours = 只有提出请求的人或管理员才能按这个按钮。
press-cancelled = 已取消。
press-too-late = 太晚了：答复已经在路上了。
press-old = 这个按钮已经失效。
not-allowed = 抱歉，这个机器人并不对所有人开放，所以我在这里帮不了你。

## 语言

language-name = 简体中文
language = 你希望我用哪种语言？
language-automatic = 与 Telegram 相同
language-set = 从现在起，我会用中文和你交流。
language-automatic-set = 从现在起，我会使用你的 Telegram 语言。

## 给运营者

no-worker = 没有正在运行的工作进程：{ $stages }。{ $waiting ->
    [0] 新照片会在那里等待。
   *[other] 有 { $waiting } 张照片在那里等待。
}
bottleneck = 瓶颈在 { $stage }：{ $waiting } 张照片在排队，{ $workers } 个工作进程，大约还要{ $wait }。如果有 { $needed } 个工作进程，队列一分钟内就能清空。
bottleneck-clears = 瓶颈在 { $stage }：{ $waiting } 张照片在排队，{ $workers } 个工作进程，大约还要{ $wait }。队列一分钟内就能清空，不需要更多工作进程。
admin = 正在处理的照片：{ $photos }。新照片预计需要：{ $wait }。
admin-today = 今天：{ $users } 人发来 { $requests } 张照片。
admin-stage = { $stage }：排队 { $waiting }，工作进程 { $workers }，每分钟 { $per_minute }
admin-counts = 达到上限的用户：{ $full }。无法处理的消息：{ $dead }。今天丢失的日志：{ $dropped }。
admin-down = { $part } 没有响应：{ $reason }。
admin-blocked = 已屏蔽：{ $user }
admin-unblocked = 已取消屏蔽：{ $user }
admin-block-list = { $count ->
    [0] 没有人被屏蔽。
   *[other] 已屏蔽：{ $count }
}
admin-block-whom = 要处理谁？请发送 /admin block 或 /admin unblock 加上日志中的化名，或者用它回复一条 Telegram 显示作者的转发消息。 /admin blocked 列出所有被屏蔽的人。

## 命令菜单

command-help = 我会什么
command-styles = 结果的绘制样式
command-language = 我使用的语言
command-settings = 语言和样式
command-privacy = 你的照片会怎样处理
command-rate = 用它回复一张照片来评分

## Telegram 在第一条消息之前和资料页上显示的内容

bot-description =
    发给我一张照片，我会找出里面的人脸，并给每张脸打 1 到 10 分。

    分数是我的猜测：如果让几百个人来打分，平均大概会是多少。只是为了好玩。

    请只发送征得本人同意的照片，千万不要发送儿童的照片。
bot-short-description = 找出照片里的人脸，给每张脸打 1 到 10 分。只是为了好玩。
