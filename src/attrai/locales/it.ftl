# Quello che leggono le persone. Il codice di un errore è il nome del suo testo.

## Perché non c'è l'immagine

source-unreadable = Non è stato possibile leggere la foto: { $reason }.
photo-unavailable = Non sono riuscito a ricevere questa foto da Telegram. Mandala di nuovo, per favore.
file-too-large = Il file supera i { $limit_mb } MB. Mandane uno più piccolo, per favore.
not-an-image = Questa non è un'immagine, o è in un formato che non so leggere. Vanno bene i normali JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP e GIF, ma non le foto RAW né le varianti rare di questi formati.
broken-image = L'immagine è danneggiata o incompleta. Mandala di nuovo, per favore.
unreadable-image = Non riesco a leggere questo file, e mandarlo di nuovo non servirebbe. Manda un'altra foto, per favore, o salva questa come JPEG.
too-many-pixels = La foto supera i { $limit_megapixels } megapixel. Mandane una più piccola, per favore.
too-small = La foto è troppo piccola: ogni lato deve essere di almeno { $limit } pixel.
no-face = Non trovo nessun volto. Prova con una foto in cui il volto sia dritto, più grande e rivolto verso la fotocamera.
undeliverable = Non è stato possibile salvare l'immagine: { $reason }.
timed-out = Ci è voluto troppo tempo. Manda di nuovo la foto, per favore.
internal = Qualcosa è andato storto da parte nostra. Riprova più tardi, per favore.
user-busy = { $limit ->
    [one] Sto ancora valutando la tua ultima foto.
   *[other] Sto ancora valutando le tue ultime { $limit } foto.
} Manda di nuovo questa { $when }, per favore.
busy = In questo momento c'è molta coda. Manda di nuovo questa foto { $when }, per favore.
daily-limit = Per oggi basta così: ti valuto al massimo { $limit } foto al giorno. Manda di nuovo questa { $when }, per favore.

## L'immagine

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } su 10
rated-many = { $count ->
    [one] { $count } volto:
   *[other] { $count } volti, da sinistra a destra:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = senza voto
minors = { $count ->
    [one] Un volto sembra troppo giovane per ricevere un voto, perciò ha un riquadro senza numero.
   *[other] { $count } volti sembrano troppo giovani per ricevere un voto, perciò hanno riquadri senza numero.
}
only-minors = { $count ->
    [one] Questo volto sembra troppo giovane per ricevere un voto, perciò ha un riquadro senza numero.
    [2] Entrambi i volti sembrano troppo giovani per ricevere un voto, perciò hanno riquadri senza numero.
   *[other] Tutti i { $count } volti sembrano troppo giovani per ricevere un voto, perciò hanno riquadri senza numero.
}
album-photo = Foto { $number }
album-item = { $which }: { $words }
perhaps-sent = Ho mandato l'immagine due volte, ma Telegram non conferma che sia arrivata. Se non la vedi, manda di nuovo la foto, per favore.
perhaps-sent-album = Ho mandato le immagini due volte, ma Telegram non conferma che siano arrivate. Se non le vedi, manda di nuovo le foto, per favore.
faces-left-out = Ho trovato { $found } volti e mostro { $shown ->
    [one] il più grande
   *[other] i { $shown } più grandi
}.

## Mentre una foto viene elaborata

progress = { $photos ->
    [one] Sto valutando la tua foto
   *[other] Sto valutando le tue { $photos } foto
}, circa { $wait }.

## Conversazione

start =
    Ciao! Mandami una foto: troverò i volti e darò a ciascuno un voto da 1 a 10.

    Il voto è la mia stima della media che darebbero alcune centinaia di persone. È solo per divertimento e non dice niente di certo su nessuno.

    Manda solo foto di persone che sono d'accordo, per favore, e mai di bambini.

    Cos'altro so fare: /help
help =
    Mandami una foto, più foto insieme o un'immagine come file. Te la restituisco con un riquadro e un voto per ogni volto.

    Il voto, da 1 a 10, è la mia stima della media che darebbero alcune centinaia di persone. È solo per divertimento e non definisce nessuno. Manda solo foto di persone che sono d'accordo, per favore, e mai di bambini. Un volto che sembra di un bambino riceve un riquadro senza numero.

    Le opinioni divergono: per vedere di quanto (±), scrivi la parola ranking nella didascalia della foto.

    Accetto da te fino a { $photos } foto alla volta, ciascuna fino a { $limit_mb } MB.

    In un gruppo, menzionami nella didascalia della foto o rispondi a una foto con /rate.

    /styles – gli stili del risultato
    /language – la lingua in cui scrivo
    /privacy – che cosa succede alle tue foto
privacy =
    Che cosa viene elaborato: la tua foto e i volti che contiene, da un programma sul server di chi gestisce questo bot. Non vengono passati a nessun altro. Il programma stima un voto e un'età per ogni volto, l'età solo perché i bambini non ricevano un voto.

    Per quanto tempo: la tua foto viene cancellata appena il risultato è disegnato, e il risultato appena ce l'hai. Ciò a cui non è stato possibile rispondere viene cancellato al più tardi { $when }.

    Che cosa resta: statistiche giornaliere (quante persone hanno mandato quante foto, com'è andata, quanto tempo c'è voluto e quante volte è uscito ogni voto) e, per circa un giorno, gli identificativi cifrati di ogni messaggio e di chi l'ha mandato, per non valutare due volte la stessa foto e per far rispettare i limiti. Se vieni bloccato, il tuo identificativo cifrato viene conservato finché dura il blocco. Niente foto, niente volti, niente nomi, niente chat.

    Se scegli una lingua con /language, viene conservata con un tuo identificativo cifrato, finché non scegli «{ language-automatic }» o non mi scrivi per un anno.

    Telegram stesso conserva questa chat. Se lì cancelli la foto prima che io risponda, non ci sarà risposta.
styles =
    Scrivi il nome di uno stile nella didascalia della foto per scegliere come disegnare il risultato:

    { $styles }

    Se non scrivi nulla, uso { $default }. I pulsanti sotto un'immagine la ridisegnano in un altro stile.
style-line = { $name }: { $style }
settings =
    /language – la lingua in cui scrivo
    /styles – gli stili del risultato
style-boxes = un riquadro e un voto per ogni volto
style-ranking = volti numerati e una lista dal voto più alto al più basso, con la distanza tra le opinioni (±)
style-spotlight = i volti in piena luce, tutto il resto in ombra
style-other = uno stile che ha solo questo server
no-photo = Questa non è una foto. Mandamene una, o un'immagine come file. /help
no-video = Non valuto i video, solo le foto. Mandami un fotogramma. /help
rate-what = Rispondi a una foto con /rate e valuterò i volti che contiene.

## Pulsanti

button-boxes = Riquadri
button-ranking = Classifica
button-spotlight = Riflettore
button-file = Come file
button-delete = Elimina
button-cancel = Annulla
press-taken = Un momento…
press-busy = Adesso sarebbero troppe foto. Premi di nuovo { $when }.
press-photo-gone = La foto non c'è più, quindi non posso ridisegnarla.
press-undeletable = Telegram non mi permette più di eliminarlo.
press-not-yours = Può premere qui solo chi ha fatto la richiesta o un amministratore.
press-cancelled = Annullato.
press-too-late = Troppo tardi: la risposta sta già arrivando.
press-old = Questo pulsante non funziona più.
not-allowed = Mi dispiace, questo bot non è aperto a tutti, quindi qui non posso aiutarti.

## La lingua

language-name = Italiano
language = In che lingua vuoi che ti scriva?
language-automatic = Come in Telegram
language-set = D'ora in poi ti scrivo in italiano.
language-automatic-set = D'ora in poi seguo la lingua del tuo Telegram.

## Per chi gestisce il bot

no-worker = Nessun worker in funzione: { $stages }. { $waiting ->
    [0] Le nuove foto aspetteranno lì.
    [one] Lì aspetta { $waiting } foto.
   *[other] Lì aspettano { $waiting } foto.
}
bottleneck = Il collo di bottiglia è { $stage }. Foto in attesa: { $waiting }, worker: { $workers }, lavoro arretrato: circa { $wait }. Con { $needed } worker la coda si svuoterebbe in un minuto.
bottleneck-clears = Il collo di bottiglia è { $stage }. Foto in attesa: { $waiting }, worker: { $workers }, lavoro arretrato: circa { $wait }. La coda si svuota in un minuto, quindi non servono altri worker.
admin = Foto in lavorazione: { $photos }. Stima per una nuova: { $wait }.
admin-today = Oggi: { $requests } foto da { $users ->
    [one] { $users } persona
   *[other] { $users } persone
}.
admin-stage = { $stage }: { $waiting } in attesa, { $workers } worker, { $per_minute } al minuto
admin-counts = Persone al loro limite: { $full }. Messaggi impossibili da elaborare: { $dead }. Voci di log perse oggi: { $dropped }.
admin-down = { $part } non risponde: { $reason }.
admin-blocked = Bloccato: { $user }
admin-unblocked = Non più bloccato: { $user }
admin-block-list = { $count ->
    [0] Nessuno è bloccato.
   *[other] Bloccati: { $count }
}
admin-block-whom = Chi? Scrivi /admin block o /admin unblock con uno pseudonimo preso dai log, o in risposta a un messaggio inoltrato di cui Telegram mostra l'autore. /admin blocked elenca tutti i bloccati.

## Il menu dei comandi

command-help = che cosa so fare
command-styles = gli stili del risultato
command-language = la lingua in cui scrivo
command-settings = lingua e stile
command-privacy = che cosa succede alle tue foto
command-rate = rispondi con questo a una foto per farla valutare

## Ciò che Telegram mostra del bot, prima del primo messaggio e nel profilo

bot-description =
    Mandami una foto: troverò i volti e darò a ciascuno un voto da 1 a 10.

    Il voto è la mia stima della media che darebbero alcune centinaia di persone. È solo per divertimento.

    Manda solo foto di persone che sono d'accordo, per favore, e mai di bambini.
bot-short-description = Trova i volti nelle tue foto e dà a ciascuno un voto da 1 a 10. Solo per divertimento.
