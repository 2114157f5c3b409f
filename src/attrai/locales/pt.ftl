# O que as pessoas leem. O código de uma falha é o nome do seu texto.

## Por que não há imagem

source-unreadable = Não foi possível ler a foto: { $reason }.
photo-unavailable = Não consegui receber esta foto do Telegram. Envie de novo, por favor.
file-too-large = O arquivo tem mais de { $limit_mb } MB. Envie um menor, por favor.
not-an-image = Isto não é uma imagem ou está num formato que não consigo ler. Servem JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP e GIF comuns, mas não fotos RAW nem variantes raras desses formatos.
broken-image = A imagem está danificada ou incompleta. Envie de novo, por favor.
unreadable-image = Não consigo ler este arquivo, e não adianta enviar de novo. Envie outra foto, por favor, ou salve esta como JPEG.
too-many-pixels = A foto tem mais de { $limit_megapixels } megapixels. Envie uma menor, por favor.
too-small = A foto é pequena demais: cada lado precisa ter pelo menos { $limit } pixels.
no-face = Não encontrei nenhum rosto. Tente uma foto em que o rosto esteja na vertical, maior e olhando para a câmera.
undeliverable = Não foi possível salvar a imagem: { $reason }.
timed-out = Isso demorou demais. Envie a foto de novo, por favor.
internal = Algo deu errado do nosso lado. Tente de novo mais tarde, por favor.
user-busy = { $limit ->
    [one] Ainda estou avaliando a sua última foto.
   *[other] Ainda estou avaliando as suas últimas { $limit } fotos.
} Envie esta de novo { $when }, por favor.
busy = A fila está grande agora. Envie esta foto de novo { $when }, por favor.
daily-limit = Por hoje é só: avalio no máximo { $limit ->
    [one] { $limit } foto sua
   *[other] { $limit } fotos suas
} por dia. Envie esta de novo { $when }, por favor.

## A imagem

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } de 10
rated-many = { $count ->
    [one] { $count } rosto:
   *[other] { $count } rostos, da esquerda para a direita:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = sem nota
minors = { $count ->
    [one] Um rosto parece jovem demais para receber nota, por isso tem uma moldura sem número.
   *[other] { $count } rostos parecem jovens demais para receber nota, por isso têm molduras sem número.
}
only-minors = { $count ->
    [one] Este rosto parece jovem demais para receber nota, por isso tem uma moldura sem número.
    [2] Os dois rostos parecem jovens demais para receber nota, por isso têm molduras sem número.
   *[other] Todos os { $count } rostos parecem jovens demais para receber nota, por isso têm molduras sem número.
}
album-photo = Foto { $number }
album-item = { $which }: { $words }
perhaps-sent = Enviei a imagem duas vezes, mas o Telegram não confirma se ela chegou. Se você não a vê, envie a foto de novo, por favor.
perhaps-sent-album = Enviei as imagens duas vezes, mas o Telegram não confirma se elas chegaram. Se você não as vê, envie as fotos de novo, por favor.
faces-left-out = Encontrei { $found } rostos e mostro { $shown ->
    [one] o maior
   *[other] os { $shown } maiores
}.

## Enquanto uma foto é processada

progress = { $photos ->
    [one] Avaliando a sua foto
   *[other] Avaliando as suas { $photos } fotos
}: cerca de { $wait }.

## Conversa

start =
    Olá! Me envie uma foto, e eu encontro os rostos e dou a cada um uma nota de 1 a 10.

    A nota é o meu palpite sobre a média que algumas centenas de pessoas dariam. É só por diversão e não prova nada sobre ninguém.

    Envie só fotos de pessoas que concordaram com isso, por favor, e nunca de crianças.

    O que mais eu sei fazer: /help
help =
    Me envie uma foto, várias de uma vez ou uma imagem como arquivo. Eu devolvo com uma moldura e uma nota em cada rosto.

    A nota, de 1 a 10, é o meu palpite sobre a média que algumas centenas de pessoas dariam. É só por diversão e não define ninguém. Envie só fotos de pessoas que concordaram com isso, por favor, e nunca de crianças. Um rosto que parece de criança recebe uma moldura sem número.

    As opiniões variam: para ver quanto (±), escreva a palavra ranking na legenda da foto.

    Aceito até { $photos ->
        [one] { $photos } foto sua
       *[other] { $photos } fotos suas
    } por vez, cada uma com até { $limit_mb } MB.

    Em um grupo, me mencione na legenda da foto ou responda a uma foto com /rate.

    /styles – estilos para o resultado
    /language – em que idioma eu escrevo
    /privacy – o que acontece com as suas fotos
privacy =
    O que é processado: a sua foto e os rostos nela, por um programa no servidor de quem mantém este bot. Eles não são repassados a mais ninguém. O programa estima uma nota e uma idade para cada rosto, a idade só para que crianças não recebam nota.

    Por quanto tempo: a sua foto é apagada assim que o resultado fica pronto, e o resultado, assim que chega a você. O que não pôde ser respondido é apagado, no máximo, { $when }.

    O que fica guardado: estatísticas diárias (quantas pessoas enviaram quantas fotos, como terminou, quanto demorou e quantas vezes cada nota apareceu) e, por cerca de um dia, identificadores cifrados de cada mensagem e de quem a enviou, para que nenhuma foto seja avaliada duas vezes e os limites sejam respeitados. Se você for bloqueado, o seu identificador cifrado fica guardado enquanto durar o bloqueio. Nada de fotos, rostos, nomes ou conversas.

    Se você escolher um idioma com /language, ele fica guardado com um identificador cifrado seu até você escolher “{ language-automatic }” ou passar um ano sem me escrever.

    O próprio Telegram guarda esta conversa. Se você apagar a foto antes de eu responder, não haverá resposta.
styles =
    Escreva o nome de um estilo na legenda da foto para escolher como o resultado é desenhado:

    { $styles }

    O padrão é { $default }. Os botões abaixo de uma imagem a desenham de novo em outro estilo.
style-line = { $name }: { $style }
settings =
    /language – em que idioma eu escrevo
    /styles – estilos para o resultado
style-boxes = uma moldura e uma nota em cada rosto
style-ranking = rostos numerados e uma lista da maior nota para a menor, com a variação das opiniões (±)
style-spotlight = rostos iluminados e o resto escurecido
style-other = um estilo que só este servidor tem
no-photo = Isso não é uma foto. Me envie uma, ou uma imagem como arquivo. /help
no-video = Não avalio vídeos, só fotos. Me envie uma captura do vídeo. /help
rate-what = Responda a uma foto com /rate, e eu avalio os rostos nela.

## Botões

button-boxes = Molduras
button-ranking = Classificação
button-spotlight = Destaque
button-file = Como arquivo
button-delete = Apagar
button-cancel = Cancelar
press-taken = Um momento…
press-busy = Agora seriam fotos demais. Toque de novo { $when }.
press-photo-gone = A foto não existe mais, por isso não posso desenhá-la de novo.
press-undeletable = O Telegram não me deixa mais apagar isto.
press-not-yours = Só quem fez o pedido ou um administrador pode tocar aqui.
press-cancelled = Cancelado.
press-too-late = Tarde demais: a resposta já está a caminho.
press-old = Este botão não funciona mais.
not-allowed = Desculpe, este bot não é aberto a todos, por isso não posso ajudar você aqui.

## O idioma

language-name = Português (Brasil)
language = Em que idioma devo escrever para você?
language-automatic = O mesmo do Telegram
language-set = A partir de agora escrevo para você em português.
language-automatic-set = A partir de agora sigo o idioma do seu Telegram.

## Para quem mantém o bot

no-worker = Nenhum worker rodando: { $stages }. { $waiting ->
    [0] As fotos novas vão esperar ali.
    [one] Ali espera { $waiting } foto.
   *[other] Ali esperam { $waiting } fotos.
}
bottleneck = O gargalo é { $stage }. Fotos à espera: { $waiting }; workers: { $workers }; trabalho pendente: cerca de { $wait }. Com { $needed } workers, a fila esvaziaria em um minuto.
bottleneck-clears = O gargalo é { $stage }. Fotos à espera: { $waiting }; workers: { $workers }; trabalho pendente: cerca de { $wait }. A fila esvazia em um minuto, então não são necessários mais workers.
admin = Fotos em processamento: { $photos }. Estimativa para uma nova: { $wait }.
admin-today = Hoje: { $requests ->
    [one] { $requests } foto
   *[other] { $requests } fotos
} de { $users ->
    [one] { $users } pessoa
   *[other] { $users } pessoas
}.
admin-stage = { $stage }: { $waiting } à espera, { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}, { $per_minute } por minuto
admin-counts = Pessoas no limite: { $full }. Mensagens que não puderam ser processadas: { $dead }. Registros de log descartados hoje: { $dropped }.
admin-down = { $part } não responde: { $reason }.
admin-blocked = Bloqueado: { $user }
admin-unblocked = Não está mais bloqueado: { $user }
admin-block-list = { $count ->
    [0] Ninguém está bloqueado.
   *[other] Bloqueados: { $count }
}
admin-block-whom = Quem? Escreva /admin block ou /admin unblock com um pseudônimo dos logs, ou em resposta a uma mensagem encaminhada cujo autor o Telegram mostre. /admin blocked lista todos os bloqueados.

## O menu de comandos

command-help = o que eu sei fazer
command-styles = estilos para o resultado
command-language = em que idioma eu escrevo
command-settings = idioma e estilo
command-privacy = o que acontece com as suas fotos
command-rate = responda com isto a uma foto para avaliá-la

## O que o Telegram mostra do bot, antes da primeira mensagem e no perfil

bot-description =
    Me envie uma foto, e eu encontro os rostos e dou a cada um uma nota de 1 a 10.

    A nota é o meu palpite sobre a média que algumas centenas de pessoas dariam. É só por diversão.

    Envie só fotos de pessoas que concordaram com isso, por favor, e nunca de crianças.
bot-short-description = Encontra os rostos nas suas fotos e dá a cada um uma nota de 1 a 10. Só por diversão.
