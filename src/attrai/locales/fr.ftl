# Ce que lisent les gens. Le code d'un échec est le nom de son texte.
#
# Before : ; ! ? and within « » there is a space that doesn't break, U+00A0.

## Pourquoi il n'y a pas d'image

source-unreadable = Impossible de lire la photo : { $reason }.
photo-unavailable = Telegram ne m'a pas donné cette photo. Renvoie-la, s'il te plaît.
file-too-large = Le fichier dépasse { $limit_mb } Mo. Envoie-m'en un plus petit, s'il te plaît.
not-an-image = Ce n'est pas une image, ou je ne sais pas lire son format. Les fichiers JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP et GIF ordinaires conviennent, mais pas les photos RAW ni les variantes rares de ces formats.
broken-image = L'image est abîmée ou incomplète. Renvoie-la, s'il te plaît.
unreadable-image = Je n'arrive pas à lire ce fichier, et le renvoyer n'y changera rien. Envoie une autre photo, s'il te plaît, ou enregistre celle-ci en JPEG.
too-many-pixels = La photo fait plus de { $limit_megapixels } mégapixels. Envoie-m'en une plus petite, s'il te plaît.
too-small = La photo est trop petite : chaque côté doit mesurer au moins { $limit } pixels.
no-face = Je ne vois aucun visage. Essaie avec une photo où le visage est droit, plus grand et tourné vers l'objectif.
undeliverable = Impossible d'enregistrer l'image : { $reason }.
timed-out = Ça a pris trop de temps. Renvoie la photo, s'il te plaît.
internal = Quelque chose n'a pas marché de notre côté. Réessaie plus tard, s'il te plaît.
user-busy = { $limit ->
    [one] Je n'ai pas fini de noter ta dernière photo.
   *[other] Je n'ai pas fini de noter tes { $limit } dernières photos.
} Renvoie celle-ci { $when }, s'il te plaît.
busy = Il y a beaucoup d'attente en ce moment. Renvoie cette photo { $when }, s'il te plaît.
daily-limit = C'est tout pour aujourd'hui : je te note au plus { $limit ->
    [one] { $limit } photo
   *[other] { $limit } photos
} par jour. Renvoie celle-ci { $when }, s'il te plaît.

## L'image

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } sur 10
rated-many = { $count ->
    [one] { $count } visage :
   *[other] { $count } visages, de gauche à droite :
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = sans note
minors = { $count ->
    [one] Un visage a l'air trop jeune pour être noté : son cadre n'a donc pas de note.
   *[other] { $count } visages ont l'air trop jeunes pour être notés : leurs cadres n'ont donc pas de note.
}
only-minors = { $count ->
    [one] Ce visage a l'air trop jeune pour être noté : son cadre n'a donc pas de note.
    [2] Les deux visages ont l'air trop jeunes pour être notés : leurs cadres n'ont donc pas de note.
   *[other] Les { $count } visages ont tous l'air trop jeunes pour être notés : leurs cadres n'ont donc pas de note.
}
album-photo = Photo { $number }
album-item = { $which } : { $words }
perhaps-sent = J'ai envoyé l'image deux fois, mais Telegram ne confirme pas qu'elle est arrivée. Si tu ne la vois pas, renvoie la photo, s'il te plaît.
perhaps-sent-album = J'ai envoyé les images deux fois, mais Telegram ne confirme pas qu'elles sont arrivées. Si tu ne les vois pas, renvoie les photos, s'il te plaît.
faces-left-out = { $found } visages trouvés, { $shown ->
    [one] seul le plus grand est indiqué
   *[other] les { $shown } plus grands sont indiqués
}.

## Pendant le traitement d'une photo

progress = { $photos ->
    [one] Je note ta photo
   *[other] Je note tes { $photos } photos
}, environ { $wait }.

## Conversation

start =
    Salut ! Envoie-moi une photo : je trouverai les visages et je donnerai à chacun une note de 1 à 10.

    La note est mon estimation de la moyenne que donneraient quelques centaines de personnes. C'est juste pour s'amuser, et ça ne prouve rien sur qui que ce soit.

    N'envoie que des photos de gens qui sont d'accord, s'il te plaît, et jamais d'enfants.

    Ce que je sais faire d'autre : /help
help =
    Envoie-moi une photo, plusieurs à la fois ou une image en tant que fichier. Je te la rendrai avec un cadre et une note pour chaque visage.

    La note, de 1 à 10, est mon estimation de la moyenne que donneraient quelques centaines de personnes. C'est juste pour s'amuser et ça ne définit personne. N'envoie que des photos de gens qui sont d'accord, s'il te plaît, et jamais d'enfants. Un visage qui semble être celui d'un enfant reçoit un cadre sans note.

    Les avis divergent : pour voir à quel point (±), écris le mot ranking dans la légende de la photo.

    J'accepte jusqu'à { $photos ->
        [one] { $photos } photo
       *[other] { $photos } photos
    } de ta part à la fois, { $limit_mb } Mo maximum par photo.

    Dans un groupe, mentionne-moi dans la légende de la photo ou réponds à une photo avec /rate.

    /styles – comment dessiner le résultat
    /language – la langue dans laquelle j'écris
    /privacy – ce que deviennent tes photos
privacy =
    Ce qui est traité : ta photo et les visages qu'elle contient, par un logiciel sur le serveur de la personne qui gère ce bot. Ils ne sont transmis à personne d'autre. Le logiciel estime une note et un âge pour chaque visage, l'âge seulement pour ne pas noter d'enfants.

    Combien de temps : ta photo est effacée dès que le résultat est dessiné, et le résultat dès que tu l'as reçu. Ce qui est resté sans réponse est effacé { $when } au plus tard.

    Ce qui est conservé : des statistiques par jour (combien de gens ont envoyé combien de photos, comment ça s'est terminé, combien de temps ça a pris et combien de fois chaque note a été donnée) et, pendant environ un jour, des identifiants brouillés de chaque message et de son auteur, pour ne pas noter deux fois la même photo et pour appliquer les limites. Si tu es bloqué, ton identifiant brouillé est conservé tant que dure le blocage. Ni photos, ni visages, ni noms, ni discussions.

    Si tu choisis une langue avec /language, elle est conservée avec un identifiant brouillé de toi, jusqu'à ce que tu choisisses « { language-automatic } » ou que tu ne m'aies plus écrit depuis un an.

    Telegram lui-même conserve cette discussion. Si tu y effaces ta photo avant ma réponse, il n'y aura pas de réponse.
styles =
    Pour choisir comment le résultat est dessiné, écris le nom d'un style dans la légende de la photo :

    { $styles }

    Par défaut, c'est { $default }. Les boutons sous une image la redessinent dans un autre style.
style-line = { $name } : { $style }
settings =
    /language – la langue dans laquelle j'écris
    /styles – comment dessiner le résultat
style-boxes = un cadre et une note pour chaque visage
style-ranking = des visages numérotés et une liste de la meilleure note à la plus basse, avec l'écart entre les avis (±)
style-spotlight = les visages en pleine lumière, le reste assombri
style-other = un style propre à ce serveur
no-photo = Ce n'est pas une photo. Envoie-m'en une, ou une image en tant que fichier. /help
no-video = Je ne note pas les vidéos, seulement les photos. Envoie-moi une image tirée de la vidéo. /help
rate-what = Réponds à une photo avec /rate, et je noterai les visages qu'elle contient.

## Boutons

button-boxes = Cadres
button-ranking = Classement
button-spotlight = Projecteur
button-file = En fichier
button-delete = Supprimer
button-cancel = Annuler
press-taken = Un instant…
press-busy = Ça ferait trop de photos à la fois. Appuie de nouveau { $when }.
press-photo-gone = La photo n'est plus là, je ne peux donc pas la redessiner.
press-undeletable = Telegram ne me laisse plus supprimer ceci.
press-not-yours = Seule la personne qui a fait la demande, ou un administrateur, peut appuyer ici.
press-cancelled = C'est annulé.
press-too-late = Trop tard : la réponse est déjà en route.
press-old = Ce bouton ne marche plus.
not-allowed = Désolé, ce bot n'est pas ouvert à tout le monde, je ne peux donc pas t'aider ici.

## La langue

language-name = Français
language = Dans quelle langue veux-tu que je t'écrive ?
language-automatic = Comme dans Telegram
language-set = Désormais, je t'écris en français.
language-automatic-set = Désormais, je suis la langue de ton Telegram.

## Pour la personne qui gère le bot

no-worker = Aucun worker actif : { $stages }. { $waiting ->
    [0] Les nouvelles photos y attendront.
    [one] { $waiting } photo y attend.
   *[other] { $waiting } photos y attendent.
}
bottleneck = { $stage } est le goulot d'étranglement. Photos en attente : { $waiting }, workers : { $workers }, travail restant : environ { $wait }. Avec { $needed } workers, la file se viderait en une minute.
bottleneck-clears = { $stage } est le goulot d'étranglement. Photos en attente : { $waiting }, workers : { $workers }, travail restant : environ { $wait }. La file se vide en une minute : pas besoin d'autres workers.
admin = Photos en cours : { $photos }. Estimation pour une nouvelle : { $wait }.
admin-today = Aujourd'hui : { $requests ->
    [one] { $requests } photo
   *[other] { $requests } photos
} de { $users ->
    [one] { $users } personne
   *[other] { $users } personnes
}.
admin-stage = { $stage } : { $waiting } en attente, { $workers ->
    [one] { $workers } worker
   *[other] { $workers } workers
}, { $per_minute } par minute
admin-counts = Personnes à leur limite : { $full }. Messages impossibles à traiter : { $dead }. Entrées de journal perdues aujourd'hui : { $dropped }.
admin-down = { $part } ne répond pas : { $reason }.
admin-blocked = Bloqué : { $user }
admin-unblocked = Débloqué : { $user }
admin-block-list = { $count ->
    [0] Personne n'est bloqué.
   *[other] Bloqués : { $count }
}
admin-block-whom = Qui ? Écris /admin block ou /admin unblock avec un pseudonyme tiré des journaux, ou en réponse à un message transféré dont Telegram montre l'auteur. /admin blocked donne la liste des personnes bloquées.

## Le menu des commandes

command-help = ce que je sais faire
command-styles = comment dessiner le résultat
command-language = la langue dans laquelle j'écris
command-settings = langue et style
command-privacy = ce que deviennent tes photos
command-rate = réponds avec ceci à une photo pour la faire noter

## Ce que Telegram montre du bot, avant le premier message et dans son profil

bot-description =
    Envoie-moi une photo : je trouverai les visages et je donnerai à chacun une note de 1 à 10.

    La note est mon estimation de la moyenne que donneraient quelques centaines de personnes. C'est juste pour s'amuser.

    N'envoie que des photos de gens qui sont d'accord, s'il te plaît, et jamais d'enfants.
bot-short-description = Trouve les visages sur tes photos et donne à chacun une note de 1 à 10. Juste pour s'amuser.
