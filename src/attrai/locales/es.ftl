# Lo que lee la gente. El código de un fallo es el nombre de su texto.

## Por qué no hay imagen

source-unreadable = No se pudo leer la foto: { $reason }.
photo-unavailable = No he podido recibir esta foto de Telegram. Envíala otra vez, por favor.
file-too-large = El archivo pesa más de { $limit_mb } MB. Envía uno más pequeño, por favor.
not-an-image = Esto no es una imagen o está en un formato que no puedo leer. Valen los JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP y GIF normales, pero no las fotos RAW ni las variantes raras de esos formatos.
broken-image = La imagen está dañada o incompleta. Envíala otra vez, por favor.
unreadable-image = No puedo leer este archivo, y volver a enviarlo no servirá de nada. Envía otra foto, por favor, o guarda esta como JPEG.
too-many-pixels = La foto tiene más de { $limit_megapixels } megapíxeles. Envía una más pequeña, por favor.
too-small = La foto es demasiado pequeña: cada lado debe tener al menos { $limit } píxeles.
no-face = No encuentro ninguna cara. Prueba con una foto en la que la cara esté derecha, se vea más grande y mire a la cámara.
undeliverable = No se pudo guardar la imagen: { $reason }.
timed-out = Ha tardado demasiado. Envía la foto otra vez, por favor.
internal = Algo ha fallado por nuestra parte. Inténtalo de nuevo más tarde, por favor.
user-busy = { $limit ->
    [one] Todavía estoy puntuando tu foto anterior.
   *[other] Todavía estoy puntuando tus { $limit } fotos anteriores.
} Vuelve a enviar esta { $when }, por favor.
busy = Ahora mismo hay mucha cola. Vuelve a enviar esta foto { $when }, por favor.
daily-limit = Por hoy ya está: te puntúo como máximo { $limit ->
    [one] { $limit } foto
   *[other] { $limit } fotos
} al día. Vuelve a enviar esta { $when }, por favor.

## La imagen

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } sobre 10
rated-many = { $count ->
    [one] { $count } cara:
   *[other] { $count } caras, de izquierda a derecha:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = sin nota
minors = { $count ->
    [one] Una cara parece demasiado joven para puntuarla, así que tiene un recuadro sin número.
   *[other] { $count } caras parecen demasiado jóvenes para puntuarlas, así que tienen recuadros sin número.
}
only-minors = { $count ->
    [one] Esta cara parece demasiado joven para puntuarla, así que tiene un recuadro sin número.
    [2] Las dos caras parecen demasiado jóvenes para puntuarlas, así que tienen recuadros sin número.
   *[other] Las { $count } caras parecen demasiado jóvenes para puntuarlas, así que tienen recuadros sin número.
}
album-photo = Foto { $number }
album-item = { $which }: { $words }
perhaps-sent = He enviado la imagen dos veces, pero Telegram no confirma si ha llegado. Si no la ves, envía la foto otra vez, por favor.
perhaps-sent-album = He enviado las imágenes dos veces, pero Telegram no confirma si han llegado. Si no las ves, envía las fotos otra vez, por favor.
faces-left-out = He encontrado { $found } caras y muestro { $shown ->
    [one] la más grande
   *[other] las { $shown } más grandes
}.

## Mientras se procesa una foto

progress = { $photos ->
    [one] Puntuando tu foto
   *[other] Puntuando tus { $photos } fotos
}: { $wait }, más o menos.

## Conversación

start =
    ¡Hola! Envíame una foto: buscaré las caras que haya y le pondré nota a cada una, del 1 al 10.

    La nota es mi estimación de lo que le darían, de media, unos cientos de personas. Es solo por diversión y no demuestra nada de nadie.

    Envía solo fotos de personas que estén de acuerdo, por favor, y nunca de niños.

    Qué más sé hacer: /help
help =
    Envíame una foto, varias a la vez o una imagen como archivo. Te la devolveré con un recuadro y una nota para cada cara.

    La nota, del 1 al 10, es mi estimación de lo que le darían, de media, unos cientos de personas. Es solo por diversión y no define a nadie. Envía solo fotos de personas que estén de acuerdo, por favor, y nunca de niños. Una cara que parezca de un niño lleva un recuadro sin número.

    Hay opiniones para todos los gustos: para ver cuánto varían (±), escribe la palabra ranking en el pie de foto.

    Te acepto hasta { $photos ->
        [one] { $photos } foto
       *[other] { $photos } fotos
    } a la vez, de hasta { $limit_mb } MB cada una.

    En un grupo, mencióname en el pie de foto o responde a una foto con /rate.

    /styles – estilos para el resultado
    /language – el idioma en que te escribo
    /privacy – qué pasa con tus fotos
privacy =
    Qué se procesa: tu foto y las caras que aparecen en ella, con un programa en el servidor de quien lleva este bot. No se le pasan a nadie más. El programa estima para cada cara una nota y una edad; la edad, solo para no puntuar a niños.

    Durante cuánto tiempo: tu foto se borra en cuanto está dibujado el resultado, y el resultado en cuanto lo tienes. Lo que no se haya podido responder se borra, como muy tarde, { $when }.

    Qué se guarda: estadísticas diarias (cuánta gente envió cuántas fotos, cómo acabó, cuánto tardó y cuántas veces salió cada nota) y, durante más o menos un día, identificadores cifrados de cada mensaje y de quien lo envió, para no puntuar dos veces la misma foto y respetar los límites. Si te bloquean, tu identificador cifrado se guarda mientras dure el bloqueo. Ni fotos, ni caras, ni nombres, ni chats.

    Si eliges un idioma con /language, se guarda junto a un identificador cifrado tuyo hasta que elijas «{ language-automatic }» o lleves un año sin escribirme.

    El propio Telegram guarda este chat. Si borras tu foto antes de que conteste, no habrá respuesta.
styles =
    Escribe el nombre de un estilo en el pie de foto para elegir cómo se dibuja el resultado:

    { $styles }

    Si no dices nada, uso { $default }. Los botones bajo una imagen la vuelven a dibujar en otro estilo.
style-line = { $name }: { $style }
settings =
    /language – el idioma en que te escribo
    /styles – estilos para el resultado
style-boxes = un recuadro y una nota para cada cara
style-ranking = caras numeradas y una lista de la nota más alta a la más baja, con lo que varían las opiniones (±)
style-spotlight = las caras iluminadas y todo lo demás a oscuras
style-other = un estilo que solo tiene este servidor
no-photo = Eso no es una foto. Envíame una, o una imagen como archivo. /help
no-video = No puntúo vídeos, solo fotos. Envíame una captura del vídeo. /help
rate-what = Responde a una foto con /rate y puntuaré las caras que haya.

## Botones

button-boxes = Recuadros
button-ranking = Clasificación
button-spotlight = Foco
button-file = Como archivo
button-delete = Borrar
button-cancel = Cancelar
press-taken = Un momento…
press-busy = Ahora mismo serían demasiadas fotos. Vuelve a pulsar { $when }.
press-photo-gone = La foto ya no está, así que no puedo volver a dibujarla.
press-undeletable = Telegram ya no me deja borrar esto.
press-not-yours = Solo puede pulsar esto quien lo pidió o un administrador.
press-cancelled = Cancelado.
press-too-late = Demasiado tarde: la respuesta ya está en camino.
press-old = Este botón ya no funciona.
not-allowed = Lo siento, este bot no está abierto a todo el mundo, así que aquí no puedo ayudarte.

## El idioma

language-name = Español
language = ¿En qué idioma quieres que te escriba?
language-automatic = El de Telegram
language-set = A partir de ahora te escribiré en español.
language-automatic-set = A partir de ahora usaré el idioma de tu Telegram.

## Para quien lleva el bot

no-worker = No hay ningún worker en marcha: { $stages }. { $waiting ->
    [0] Las fotos nuevas esperarán ahí.
    [one] Ahí espera { $waiting } foto.
   *[other] Ahí esperan { $waiting } fotos.
}
bottleneck = El cuello de botella es { $stage }. Fotos en espera: { $waiting }; workers: { $workers }; trabajo pendiente: { $wait }. Con { $needed } workers, la cola se vaciaría en un minuto.
bottleneck-clears = El cuello de botella es { $stage }. Fotos en espera: { $waiting }; workers: { $workers }; trabajo pendiente: { $wait }. La cola se vacía en un minuto, así que no hacen falta más workers.
admin = Fotos en proceso: { $photos }. Estimación para una nueva: { $wait }.
admin-today = Hoy: { $requests ->
    [one] { $requests } foto
   *[other] { $requests } fotos
} de { $users ->
    [one] { $users } persona
   *[other] { $users } personas
}.
admin-stage = { $stage }: { $waiting } en espera, { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}, { $per_minute } por minuto
admin-counts = Personas en su límite: { $full }. Mensajes que no se pudieron procesar: { $dead }. Registros de log descartados hoy: { $dropped }.
admin-down = { $part } no responde: { $reason }.
admin-blocked = Bloqueado: { $user }
admin-unblocked = Ya no está bloqueado: { $user }
admin-block-list = { $count ->
    [0] No hay nadie bloqueado.
   *[other] Bloqueados: { $count }
}
admin-block-whom = ¿A quién? Escribe /admin block o /admin unblock con un seudónimo de los logs, o respondiendo a un mensaje reenviado cuyo autor muestre Telegram. /admin blocked muestra a todos los bloqueados.

## El menú de comandos

command-help = qué sé hacer
command-styles = estilos para el resultado
command-language = el idioma en que te escribo
command-settings = idioma y estilo
command-privacy = qué pasa con tus fotos
command-rate = responde con esto a una foto para puntuarla

## Lo que Telegram muestra del bot, antes del primer mensaje y en su perfil

bot-description =
    Envíame una foto: buscaré las caras que haya y le pondré nota a cada una, del 1 al 10.

    La nota es mi estimación de lo que le darían, de media, unos cientos de personas. Es solo por diversión.

    Envía solo fotos de personas que estén de acuerdo, por favor, y nunca de niños.
bot-short-description = Encuentra las caras de tus fotos y le pone nota a cada una, del 1 al 10. Solo por diversión.
