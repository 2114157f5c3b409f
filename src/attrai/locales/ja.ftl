# 人が読む文章。失敗のコードがその文章の名前になる。

## 画像がない理由

source-unreadable = 写真を読み込めませんでした：{ $reason }。
photo-unavailable = Telegram からこの写真を受け取れませんでした。もう一度送ってください。
file-too-large = ファイルが { $limit_mb } MB を超えています。もっと小さいファイルを送ってください。
not-an-image = 画像ではないか、対応していない形式です。一般的な JPEG、PNG、WebP、HEIC、AVIF、TIFF、BMP、GIF が使えます。RAW 写真や、これらの特殊な形式は使えません。
broken-image = 画像が壊れているか、途中で切れています。もう一度送ってください。
unreadable-image = このファイルは読み込めません。もう一度送っても同じです。別の写真を送るか、JPEG で保存し直してください。
too-many-pixels = 写真が { $limit_megapixels } メガピクセルを超えています。もっと小さい写真を送ってください。
too-small = 写真が小さすぎます。縦も横も { $limit } ピクセル以上必要です。
no-face = 顔が見つかりませんでした。顔が傾いておらず、もっと大きく写っていて、カメラの方を向いている写真で試してください。
undeliverable = 画像を保存できませんでした：{ $reason }。
timed-out = 時間がかかりすぎました。もう一度写真を送ってください。
internal = こちらで問題が発生しました。しばらくしてからもう一度お試しください。
user-busy = { $limit ->
    [1] 前の写真をまだ採点しています。
   *[other] 前の { $limit } 枚の写真をまだ採点しています。
}この写真は { $when }にもう一度送ってください。
busy = ただいま混み合っています。この写真は { $when }にもう一度送ってください。
daily-limit = 本日はここまでです。採点は 1 日 { $limit } 枚までです。この写真は { $when }にもう一度送ってください。

## 画像

rated-one = 10 点満点中 { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } 点
rated-many = { $count } 人の顔（左から順に）：{ $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = 採点なし
minors = { $count } 人の顔は採点するには若すぎるように見えるため、枠だけで点数はありません。
only-minors = { $count ->
    [1] この顔は採点するには若すぎるように見えるため、枠だけで点数はありません。
    [2] 2 人とも採点するには若すぎるように見えるため、枠だけで点数はありません。
   *[other] { $count } 人とも採点するには若すぎるように見えるため、枠だけで点数はありません。
}
album-photo = 写真 { $number }
album-item = { $which }：{ $words }
perhaps-sent = 画像を 2 回送りましたが、届いたかどうか Telegram から確認が取れません。見当たらない場合は、もう一度写真を送ってください。
perhaps-sent-album = 画像をまとめて 2 回送りましたが、届いたかどうか Telegram から確認が取れません。見当たらない場合は、もう一度写真を送ってください。
faces-left-out = { $found } 人の顔が見つかりました。大きい方から { $shown } 人を表示しています。

## 写真の処理中

progress = { $photos ->
    [1] 写真を採点しています
   *[other] { $photos } 枚の写真を採点しています
}（あと約 { $wait }）。

## 会話

start =
    こんにちは！写真を送ってください。写っている顔を見つけて、それぞれ 1 から 10 で採点します。

    点数は、数百人が評価したら平均で何点になるかを推測したものです。あくまでお遊びで、誰かについて確かなことを示すものではありません。

    本人の同意を得た写真だけを送ってください。子どもの写真は絶対に送らないでください。

    ほかにできること： /help
help =
    写真を 1 枚、またはまとめて数枚、あるいは画像をファイルとして送ってください。顔ごとに枠と点数を付けてお返しします。

    1 から 10 の点数は、数百人が評価したら平均で何点になるかを推測したものです。あくまでお遊びで、その人についての事実ではありません。本人の同意を得た写真だけを送ってください。子どもの写真は絶対に送らないでください。子どもに見える顔には枠だけを付け、点数は付けません。

    評価は人によって違います。どのくらい違うか（±）を見るには、写真のキャプションに ranking と書いてください。

    一度に受け付けるのは { $photos } 枚まで、1 枚あたり { $limit_mb } MB までです。

    グループでは、写真のキャプションで私をメンションするか、写真に /rate と返信してください。

    /styles – 結果の描き方
    /language – 使う言語
    /privacy – 写真の取り扱い
privacy =
    処理するもの：あなたの写真と、そこに写っている顔です。このボットの運営者のサーバーにあるソフトウェアが処理し、ほかの誰にも渡しません。顔ごとに点数と年齢を推定しますが、年齢は子どもを採点しないためだけに使います。

    期間：写真は結果を描き終えたらすぐに、結果はお届けしたらすぐに削除します。お返事できなかったものは、遅くとも { $when }には削除します。

    残るもの：日ごとの統計（何人が何枚の写真を送り、結果がどうなり、どのくらい時間がかかり、各点数が何回付いたか）と、同じ写真を 2 回採点せず、上限を守るための、各メッセージとその送信者の暗号化された番号です。番号は約 1 日で消えます。ブロックされた場合は、解除されるまで暗号化された番号を保存します。写真、顔、名前、チャットは残しません。

    /language で言語を選ぶと、暗号化されたあなたの番号と一緒に保存します。「{ language-automatic }」を選ぶか、1 年間メッセージがなければ削除します。

    このチャット自体は Telegram が保存しています。お返事する前に写真を削除すると、お返事は届きません。
styles =
    結果の描き方を選ぶには、写真のキャプションにスタイルの名前を書いてください。

    { $styles }

    指定がなければ { $default } になります。画像の下のボタンで、別のスタイルに描き直せます。
style-line = { $name }：{ $style }
settings =
    /language – 使う言語
    /styles – 結果の描き方
style-boxes = 顔ごとに枠と点数
style-ranking = 番号付きの顔と、点数の高い順の一覧（評価のばらつき ± 付き）
style-spotlight = 顔を明るく、それ以外を暗く
style-other = このサーバー独自のスタイル
no-photo = これは写真ではありません。写真か、ファイルとして画像を送ってください。 /help
no-video = 動画は採点できません。写真だけです。動画から切り出した画像を送ってください。 /help
rate-what = 写真に /rate と返信すると、写っている顔を採点します。

## ボタン

button-boxes = 枠
button-ranking = ランキング
button-spotlight = スポットライト
button-file = ファイルで
button-delete = 削除
button-cancel = キャンセル
press-taken = 少々お待ちください…
press-busy = いまは写真が多すぎます。 { $when }にもう一度押してください。
press-photo-gone = 写真がもうないため、描き直せません。
press-undeletable = Telegram の制限により、もう削除できません。
press-not-yours = これを押せるのは、依頼した本人か管理者だけです。
press-cancelled = キャンセルしました。
press-too-late = 間に合いませんでした。返事はもう送信中です。
press-old = このボタンはもう使えません。
not-allowed = 申し訳ありませんが、このボットはどなたでも使えるわけではないため、ここではお役に立てません。

## 言語

language-name = 日本語
language = どの言語を使いますか？
language-automatic = Telegram と同じ
language-set = これからは日本語でお返事します。
language-automatic-set = これからは Telegram の言語に合わせます。

## 運営者向け

no-worker = 動いているワーカーがありません：{ $stages }。{ $waiting ->
    [0] 新しい写真はそこで待つことになります。
   *[other] { $waiting } 枚の写真がそこで待っています。
}
bottleneck = ボトルネックは { $stage } です。待っている写真：{ $waiting }、ワーカー：{ $workers }、残りの作業：約 { $wait }。ワーカーが { $needed } あれば、キューは 1 分で空になります。
bottleneck-clears = ボトルネックは { $stage } です。待っている写真：{ $waiting }、ワーカー：{ $workers }、残りの作業：約 { $wait }。キューは 1 分で空になるので、ワーカーを増やす必要はありません。
admin = 処理中の写真：{ $photos }。新しい写真の見込み時間：{ $wait }。
admin-today = 今日：{ $users } 人から { $requests } 枚の写真。
admin-stage = { $stage }：待ち { $waiting }、ワーカー { $workers }、毎分 { $per_minute }
admin-counts = 上限に達した人：{ $full }。処理できなかったメッセージ：{ $dead }。今日失われたログ：{ $dropped }。
admin-down = { $part } が応答しません：{ $reason }。
admin-blocked = ブロックしました：{ $user }
admin-unblocked = ブロックを解除しました：{ $user }
admin-block-list = { $count ->
    [0] ブロック中の人はいません。
   *[other] ブロック中：{ $count }
}
admin-block-whom = 誰を対象にしますか？ /admin block または /admin unblock に続けてログにある仮名を書くか、送信者が表示されている転送メッセージにそう返信してください。 /admin blocked でブロック中の人を一覧できます。

## コマンドのメニュー

command-help = できること
command-styles = 結果の描き方
command-language = 使う言語
command-settings = 言語とスタイル
command-privacy = 写真の取り扱い
command-rate = 採点したい写真にこれで返信

## 最初のメッセージの前とプロフィールに Telegram が表示するもの

bot-description =
    写真を送ってください。写っている顔を見つけて、それぞれ 1 から 10 で採点します。

    点数は、数百人が評価したら平均で何点になるかを推測したものです。あくまでお遊びです。

    本人の同意を得た写真だけを送ってください。子どもの写真は絶対に送らないでください。
bot-short-description = 写真の顔を見つけて、それぞれ 1 から 10 で採点します。あくまでお遊びです。
