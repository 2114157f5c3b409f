# Was Menschen lesen. Der Code eines Fehlers ist der Name seines Textes.

## Warum es kein Bild gibt

source-unreadable = Das Foto ließ sich nicht lesen: { $reason }.
photo-unavailable = Telegram hat mir dieses Foto nicht gegeben. Bitte schick es noch einmal.
file-too-large = Die Datei ist größer als { $limit_mb } MB. Bitte schick eine kleinere.
not-an-image = Das ist kein Bild, oder ich kann sein Format nicht lesen. Gewöhnliche JPEG-, PNG-, WebP-, HEIC-, AVIF-, TIFF-, BMP- und GIF-Dateien gehen, RAW-Fotos und seltene Varianten dieser Formate nicht.
broken-image = Das Bild ist beschädigt oder unvollständig. Bitte schick es noch einmal.
unreadable-image = Diese Datei kann ich nicht lesen, auch nicht beim nächsten Versuch. Bitte schick ein anderes Foto, oder speichere dieses als JPEG.
too-many-pixels = Das Foto hat mehr als { $limit_megapixels } Megapixel. Bitte schick ein kleineres.
too-small = Das Foto ist zu klein: Jede Seite muss mindestens { $limit } Pixel lang sein.
no-face = Ich sehe darauf kein Gesicht. Versuch es mit einem Foto, auf dem das Gesicht aufrecht und größer ist und in die Kamera schaut.
undeliverable = Das Bild ließ sich nicht speichern: { $reason }.
timed-out = Das hat zu lange gedauert. Bitte schick das Foto noch einmal.
internal = Bei uns ist etwas schiefgegangen. Bitte versuch es später noch einmal.
user-busy = { $limit ->
    [one] Dein letztes Foto ist noch nicht fertig bewertet.
   *[other] Deine letzten { $limit } Fotos sind noch nicht fertig bewertet.
} Bitte schick dieses { $when } noch einmal.
busy = Gerade ist viel los. Bitte schick dieses Foto { $when } noch einmal.
daily-limit = Das war's für heute: Ich bewerte dir höchstens { $limit ->
    [one] { $limit } Foto
   *[other] { $limit } Fotos
} am Tag. Bitte schick dieses { $when } noch einmal.

## Das Bild

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } von 10
rated-many = { $count ->
    [one] { $count } Gesicht:
   *[other] { $count } Gesichter, von links nach rechts:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = ohne Bewertung
minors = { $count ->
    [one] Ein Gesicht sieht zu jung für eine Bewertung aus, deshalb hat es einen Rahmen ohne Zahl.
   *[other] { $count } Gesichter sehen zu jung für eine Bewertung aus, deshalb haben sie Rahmen ohne Zahl.
}
only-minors = { $count ->
    [one] Dieses Gesicht sieht zu jung für eine Bewertung aus, deshalb hat es einen Rahmen ohne Zahl.
    [2] Beide Gesichter sehen zu jung für eine Bewertung aus, deshalb haben sie Rahmen ohne Zahl.
   *[other] Alle { $count } Gesichter sehen zu jung für eine Bewertung aus, deshalb haben sie Rahmen ohne Zahl.
}
album-photo = Foto { $number }
album-item = { $which }: { $words }
perhaps-sent = Ich habe das Bild zweimal geschickt, aber Telegram bestätigt nicht, dass es angekommen ist. Falls du es nicht siehst, schick das Foto bitte noch einmal.
perhaps-sent-album = Ich habe die Bilder zweimal geschickt, aber Telegram bestätigt nicht, dass sie angekommen sind. Falls du sie nicht siehst, schick die Fotos bitte noch einmal.
faces-left-out = { $found } Gesichter gefunden, { $shown ->
    [one] das größte ist markiert
   *[other] die { $shown } größten sind markiert
}.

## Während ein Foto verarbeitet wird

progress = { $photos ->
    [one] Ich bewerte dein Foto
   *[other] Ich bewerte deine { $photos } Fotos
}, etwa { $wait }.

## Gespräch

start =
    Hallo! Schick mir ein Foto, und ich suche die Gesichter darauf und bewerte jedes auf einer Skala von 1 bis 10.

    Die Bewertung ist meine Schätzung, was ein paar Hundert Leute im Schnitt geben würden. Sie ist nur zum Spaß und sagt über niemanden etwas Sicheres aus.

    Bitte schick nur Fotos von Menschen, die damit einverstanden sind, und niemals von Kindern.

    Was ich sonst noch kann: /help
help =
    Schick mir ein Foto, mehrere auf einmal oder ein Bild als Datei. Du bekommst es mit einem Rahmen und einer Bewertung für jedes Gesicht zurück.

    Die Bewertung von 1 bis 10 ist meine Schätzung, was ein paar Hundert Leute im Schnitt geben würden. Sie ist nur zum Spaß und keine Tatsache über einen Menschen. Bitte schick nur Fotos von Menschen, die damit einverstanden sind, und niemals von Kindern. Ein Gesicht, das nach einem Kind aussieht, bekommt einen Rahmen ohne Zahl.

    Meinungen gehen auseinander: Wenn du sehen willst, wie weit (±), schreib das Wort ranking in die Bildunterschrift.

    Ich nehme bis zu { $photos ->
        [one] { $photos } Foto
       *[other] { $photos } Fotos
    } gleichzeitig von dir an, jedes bis { $limit_mb } MB.

    In einer Gruppe erwähne mich in der Bildunterschrift, oder antworte auf ein Foto mit /rate.

    /styles – wie das Bild aussehen soll
    /language – in welcher Sprache ich schreibe
    /privacy – was mit deinen Fotos geschieht
privacy =
    Was verarbeitet wird: dein Foto und die Gesichter darauf, von einem Programm auf dem Server derer, die diesen Bot betreiben. Niemand sonst bekommt sie. Das Programm schätzt für jedes Gesicht eine Bewertung und ein Alter, das Alter nur, damit Kinder keine Bewertung bekommen.

    Wie lange: Dein Foto wird gelöscht, sobald das Bild gezeichnet ist, und das Bild, sobald du es hast. Was sich nicht beantworten ließ, wird spätestens { $when } gelöscht.

    Was bleibt: eine Tagesstatistik (wie viele Leute wie viele Fotos geschickt haben, wie das ausging, wie lange es dauerte und wie oft es welche Bewertung gab) und etwa einen Tag lang unkenntlich gemachte Nummern jeder Nachricht und ihres Absenders, damit kein Foto zweimal bewertet wird und die Grenzen gelten. Wirst du gesperrt, bleibt deine unkenntlich gemachte Nummer gespeichert, bis die Sperre endet. Keine Fotos, keine Gesichter, keine Namen, keine Chats.

    Wenn du mit /language eine Sprache wählst, wird sie mit einer unkenntlich gemachten Nummer von dir gespeichert, bis du „{ language-automatic }“ wählst oder mir ein Jahr lang nicht geschrieben hast.

    Telegram selbst speichert diesen Chat. Löschst du dein Foto dort, bevor ich antworte, kommt keine Antwort.
styles =
    Schreib den Namen eines Stils in die Bildunterschrift, um zu wählen, wie das Bild aussieht:

    { $styles }

    Ohne Angabe nehme ich { $default }. Die Knöpfe unter einem Bild zeichnen es in einem anderen Stil neu.
style-line = { $name }: { $style }
settings =
    /language – in welcher Sprache ich schreibe
    /styles – wie das Bild aussehen soll
style-boxes = ein Rahmen und eine Bewertung für jedes Gesicht
style-ranking = nummerierte Gesichter und eine Liste von der höchsten zur niedrigsten Bewertung, mit der Streuung der Meinungen (±)
style-spotlight = helle Gesichter, alles andere abgedunkelt
style-other = ein Stil, den nur dieser Server hat
no-photo = Das ist kein Foto. Schick mir eins oder ein Bild als Datei. /help
no-video = Videos bewerte ich nicht, nur Fotos. Schick mir ein Standbild aus dem Video. /help
rate-what = Antworte auf ein Foto mit /rate, dann bewerte ich die Gesichter darauf.

## Knöpfe

button-boxes = Rahmen
button-ranking = Rangliste
button-spotlight = Scheinwerfer
button-file = Als Datei
button-delete = Löschen
button-cancel = Abbrechen
press-taken = Einen Moment…
press-busy = Das wären gerade zu viele Fotos. Bitte drück { $when } noch einmal.
press-photo-gone = Das Foto ist weg, deshalb kann ich es nicht neu zeichnen.
press-undeletable = Telegram lässt mich das nicht mehr löschen.
press-not-yours = Das darf nur drücken, wer gefragt hat, oder ein Administrator.
press-cancelled = Abgebrochen.
press-too-late = Zu spät: Die Antwort ist schon unterwegs.
press-old = Dieser Knopf funktioniert nicht mehr.
not-allowed = Tut mir leid, dieser Bot ist nicht für alle offen, deshalb kann ich dir hier nicht helfen.

## Die Sprache

language-name = Deutsch
language = In welcher Sprache soll ich dir schreiben?
language-automatic = Wie in Telegram
language-set = Ab jetzt schreibe ich dir auf Deutsch.
language-automatic-set = Ab jetzt schreibe ich dir in der Sprache, die in deinem Telegram eingestellt ist.

## Für den Betrieb

no-worker = Keine Worker laufen: { $stages }. { $waiting ->
    [0] Neue Fotos werden dort warten.
    [one] Dort wartet { $waiting } Foto.
   *[other] Dort warten { $waiting } Fotos.
}
bottleneck = { $stage } ist der Engpass. Wartende Fotos: { $waiting }, Worker: { $workers }, Arbeit für etwa { $wait }. Mit { $needed } Workern wäre die Schlange in einer Minute leer.
bottleneck-clears = { $stage } ist der Engpass. Wartende Fotos: { $waiting }, Worker: { $workers }, Arbeit für etwa { $wait }. In einer Minute ist die Schlange leer, mehr Worker sind nicht nötig.
admin = Fotos in Arbeit: { $photos }. Schätzung für ein neues: { $wait }.
admin-today = Heute: { $requests ->
    [one] { $requests } Foto
   *[other] { $requests } Fotos
} von { $users ->
    [one] { $users } Person
   *[other] { $users } Personen
}.
admin-stage = { $stage }: { $waiting } wartend, { $workers } Worker, { $per_minute } pro Minute
admin-counts = Personen an ihrer Grenze: { $full }. Nicht verarbeitbare Nachrichten: { $dead }. Heute verworfene Log-Einträge: { $dropped }.
admin-down = { $part } antwortet nicht: { $reason }.
admin-blocked = Gesperrt: { $user }
admin-unblocked = Nicht mehr gesperrt: { $user }
admin-block-list = { $count ->
    [0] Niemand ist gesperrt.
   *[other] Gesperrt: { $count }
}
admin-block-whom = Wen? Schreib /admin block oder /admin unblock mit einem Pseudonym aus den Logs oder als Antwort auf eine weitergeleitete Nachricht, deren Absender Telegram zeigt. /admin blocked listet alle Gesperrten auf.

## Das Menü der Befehle

command-help = was ich kann
command-styles = wie das Bild aussehen soll
command-language = in welcher Sprache ich schreibe
command-settings = Sprache und Stil
command-privacy = was mit deinen Fotos geschieht
command-rate = antworte damit auf ein Foto, um es zu bewerten

## Was Telegram über den Bot zeigt, vor der ersten Nachricht und im Profil

bot-description =
    Schick mir ein Foto, und ich suche die Gesichter darauf und bewerte jedes auf einer Skala von 1 bis 10.

    Die Bewertung ist meine Schätzung, was ein paar Hundert Leute im Schnitt geben würden. Sie ist nur zum Spaß.

    Bitte schick nur Fotos von Menschen, die damit einverstanden sind, und niemals von Kindern.
bot-short-description = Findet die Gesichter auf deinen Fotos und bewertet jedes von 1 bis 10. Nur zum Spaß.
