# To, co czytają ludzie. Kod błędu jest nazwą jego tekstu.

## Dlaczego nie ma obrazu

source-unreadable = Nie udało się odczytać zdjęcia: { $reason }.
photo-unavailable = Nie udało się pobrać tego zdjęcia z Telegrama. Wyślij je, proszę, jeszcze raz.
file-too-large = Plik ma więcej niż { $limit_mb } MB. Wyślij, proszę, mniejszy.
not-an-image = To nie jest obraz albo nie umiem odczytać jego formatu. Mogą być zwykłe pliki JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP i GIF, ale nie zdjęcia RAW ani rzadkie odmiany tych formatów.
broken-image = Obraz jest uszkodzony albo niepełny. Wyślij go, proszę, jeszcze raz.
unreadable-image = Nie da się odczytać tego pliku i ponowne wysłanie nic nie zmieni. Wyślij, proszę, inne zdjęcie albo zapisz to jako JPEG.
too-many-pixels = Zdjęcie ma ponad { $limit_megapixels } Mpx. Wyślij, proszę, mniejsze.
too-small = Zdjęcie jest za małe: każdy bok musi mieć co najmniej { $limit ->
    [one] { $limit } piksel
    [few] { $limit } piksele
   *[other] { $limit } pikseli
}.
no-face = Nie widzę tu żadnej twarzy. Spróbuj ze zdjęciem, na którym twarz nie jest przekrzywiona, jest większa i patrzy w obiektyw.
undeliverable = Nie udało się zapisać obrazu: { $reason }.
timed-out = Trwało to zbyt długo. Wyślij, proszę, zdjęcie jeszcze raz.
internal = Coś się u nas zepsuło. Spróbuj, proszę, ponownie później.
user-busy = { $limit ->
    [1] Twoje poprzednie zdjęcie jest jeszcze oceniane.
   *[other] Twoje poprzednie zdjęcia ({ $limit }) są jeszcze oceniane.
} Wyślij to ponownie { $when }.
busy = Jest teraz długa kolejka. Wyślij to zdjęcie ponownie { $when }.
daily-limit = Na dziś to wszystko: dzienny limit zdjęć to { $limit }. Wyślij to ponownie { $when }.

## Obraz

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } na 10
rated-many = { $count ->
    [one] { $count } twarz:
    [few] { $count } twarze, od lewej do prawej:
   *[other] { $count } twarzy, od lewej do prawej:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = bez oceny
minors = { $count ->
    [one] Jedna twarz wygląda zbyt młodo, by ją oceniać, dlatego ma ramkę bez liczby.
    [few] { $count } twarze wyglądają zbyt młodo, by je oceniać, dlatego mają ramki bez liczb.
   *[other] { $count } twarzy wygląda zbyt młodo, by je oceniać, dlatego mają ramki bez liczb.
}
only-minors = { $count ->
    [1] Ta twarz wygląda zbyt młodo, by ją oceniać, dlatego ma ramkę bez liczby.
    [2] Obie twarze wyglądają zbyt młodo, by je oceniać, dlatego mają ramki bez liczb.
   *[other] Wszystkie twarze ({ $count }) wyglądają zbyt młodo, by je oceniać, dlatego mają ramki bez liczb.
}
album-photo = Zdjęcie { $number }
album-item = { $which }: { $words }
perhaps-sent = Obraz został wysłany dwa razy, ale Telegram nie potwierdza, że dotarł. Jeśli go nie widzisz, wyślij, proszę, zdjęcie jeszcze raz.
perhaps-sent-album = Obrazy zostały wysłane dwa razy, ale Telegram nie potwierdza, że dotarły. Jeśli ich nie widzisz, wyślij, proszę, zdjęcia jeszcze raz.
faces-left-out = Twarze na zdjęciu: { $found }, pokazuję największe: { $shown }.

## Kiedy zdjęcie jest przetwarzane

progress = { $photos ->
    [1] Oceniam Twoje zdjęcie
   *[other] Oceniam Twoje zdjęcia ({ $photos })
}. Szacowany czas: { $wait }.

## Rozmowa

start =
    Cześć! Wyślij mi zdjęcie, a znajdę na nim twarze i ocenię każdą w skali od 1 do 10.

    Ocena to moje przypuszczenie, ile średnio dałoby kilkaset osób. To tylko zabawa i o nikim niczego nie przesądza.

    Wysyłaj, proszę, tylko zdjęcia osób, które się na to zgodziły, i nigdy zdjęć dzieci.

    Co jeszcze potrafię: /help
help =
    Wyślij mi zdjęcie, kilka naraz albo obraz jako plik. Odeślę go z ramką i oceną przy każdej twarzy.

    Ocena od 1 do 10 to moje przypuszczenie, ile średnio dałoby kilkaset osób. To tylko zabawa i nikogo nie definiuje. Wysyłaj, proszę, tylko zdjęcia osób, które się na to zgodziły, i nigdy zdjęć dzieci. Twarz, która wygląda na dziecięcą, dostaje ramkę bez liczby.

    Zdania bywają podzielone: aby zobaczyć, jak bardzo (±), napisz w podpisie zdjęcia słowo ranking.

    Przyjmuję od Ciebie naraz najwyżej { $photos ->
        [one] { $photos } zdjęcie
        [few] { $photos } zdjęcia
       *[other] { $photos } zdjęć
    }, każde do { $limit_mb } MB.

    W grupie wspomnij o mnie w podpisie zdjęcia albo odpowiedz na zdjęcie poleceniem /rate.

    /styles – jak ma wyglądać wynik
    /language – w jakim języku piszę
    /privacy – co się dzieje z Twoimi zdjęciami
privacy =
    Co jest przetwarzane: Twoje zdjęcie i twarze na nim, przez program na serwerze osoby prowadzącej tego bota. Nikt inny ich nie dostaje. Program szacuje ocenę i wiek każdej twarzy, a wiek tylko po to, by nie oceniać dzieci.

    Jak długo: zdjęcie jest usuwane, gdy tylko wynik jest narysowany, a wynik, gdy tylko do Ciebie dotrze. To, na co nie udało się odpowiedzieć, jest usuwane najpóźniej { $when }.

    Co zostaje: dzienne statystyki (ile osób wysłało ile zdjęć, jak to się skończyło, ile trwało i jak często padała każda ocena) oraz, przez mniej więcej dobę, zaszyfrowane numery każdej wiadomości i jej nadawcy, żeby nie ocenić dwa razy tego samego zdjęcia i pilnować limitów. Jeśli Twoje konto zostanie tu zablokowane, Twój zaszyfrowany numer jest przechowywany, dopóki blokada trwa. Żadnych zdjęć, twarzy, imion ani czatów.

    Jeśli wybierzesz język poleceniem /language, jest on przechowywany z Twoim zaszyfrowanym numerem, dopóki nie wybierzesz „{ language-automatic }” albo nie minie rok od Twojej ostatniej wiadomości.

    Sam Telegram przechowuje ten czat. Jeśli usuniesz tam zdjęcie, zanim odpowiem, odpowiedzi nie będzie.
styles =
    Aby wybrać, jak ma wyglądać wynik, napisz nazwę stylu w podpisie zdjęcia:

    { $styles }

    Domyślny styl to { $default }. Przyciski pod obrazem rysują go na nowo w innym stylu.
style-line = { $name }: { $style }
settings =
    /language – w jakim języku piszę
    /styles – jak ma wyglądać wynik
style-boxes = ramka i ocena przy każdej twarzy
style-ranking = ponumerowane twarze i lista od najwyższej oceny do najniższej, z rozrzutem opinii (±)
style-spotlight = jasne twarze, wszystko inne przyciemnione
style-other = styl, który ma tylko ten serwer
no-photo = To nie jest zdjęcie. Wyślij mi zdjęcie albo obraz jako plik. /help
no-video = Nie oceniam filmów, tylko zdjęcia. Wyślij mi kadr z filmu. /help
rate-what = Odpowiedz na zdjęcie poleceniem /rate, a ocenię twarze na nim.

## Przyciski

button-boxes = Ramki
button-ranking = Ranking
button-spotlight = Reflektor
button-file = Jako plik
button-delete = Usuń
button-cancel = Anuluj
press-taken = Chwileczkę…
press-busy = To byłoby za dużo zdjęć naraz. Naciśnij ponownie { $when }.
press-photo-gone = Tego zdjęcia już nie ma, więc nie da się go narysować ponownie.
press-undeletable = Telegram nie pozwala mi już tego usunąć.
press-not-yours = To może nacisnąć tylko osoba, która o to prosiła, albo administrator.
press-cancelled = Anulowano.
press-too-late = Za późno: odpowiedź jest już w drodze.
press-old = Ten przycisk już nie działa.
not-allowed = Przykro mi, ten bot nie jest dostępny dla wszystkich, więc nie mogę tu pomóc.

## Język

language-name = Polski
language = W jakim języku mam do Ciebie pisać?
language-automatic = Jak w Telegramie
language-set = Od teraz piszę do Ciebie po polsku.
language-automatic-set = Od teraz piszę w języku Twojego Telegrama.

## Dla osoby prowadzącej bota

no-worker = Nie działa żaden worker: { $stages }. { $waiting ->
    [0] Nowe zdjęcia będą tam czekać.
    [one] Czeka tam { $waiting } zdjęcie.
    [few] Czekają tam { $waiting } zdjęcia.
   *[other] Czeka tam { $waiting } zdjęć.
}
bottleneck = Wąskie gardło to { $stage }. Zdjęcia w kolejce: { $waiting }, workery: { $workers }, szacowany czas pracy: { $wait }. Gdyby workerów było { $needed }, kolejka opróżniłaby się w minutę.
bottleneck-clears = Wąskie gardło to { $stage }. Zdjęcia w kolejce: { $waiting }, workery: { $workers }, szacowany czas pracy: { $wait }. Kolejka opróżni się w minutę, więcej workerów nie trzeba.
admin = Zdjęcia w toku: { $photos }. Szacowany czas dla nowego: { $wait }.
admin-today = Dzisiaj – zdjęcia: { $requests }, osoby: { $users }.
admin-stage = { $stage }: w kolejce { $waiting }, workery: { $workers }, na minutę { $per_minute }
admin-counts = Osoby, które wyczerpały limit: { $full }. Wiadomości nie do przetworzenia: { $dead }. Wpisy dziennika utracone dzisiaj: { $dropped }.
admin-down = { $part } nie odpowiada: { $reason }.
admin-blocked = Zablokowano: { $user }
admin-unblocked = Odblokowano: { $user }
admin-block-list = { $count ->
    [0] Nikt nie jest zablokowany.
   *[other] Zablokowani: { $count }
}
admin-block-whom = Kogo? Napisz /admin block albo /admin unblock z pseudonimem z logów lub w odpowiedzi na przekazaną wiadomość, której autora pokazuje Telegram. /admin blocked wyświetla wszystkich zablokowanych.

## Menu poleceń

command-help = co potrafię
command-styles = jak ma wyglądać wynik
command-language = w jakim języku piszę
command-settings = język i styl
command-privacy = co się dzieje z Twoimi zdjęciami
command-rate = odpowiedz tym na zdjęcie, aby je ocenić

## Co Telegram pokazuje o bocie, przed pierwszą wiadomością i w profilu

bot-description =
    Wyślij mi zdjęcie, a znajdę na nim twarze i ocenię każdą w skali od 1 do 10.

    Ocena to moje przypuszczenie, ile średnio dałoby kilkaset osób. To tylko zabawa.

    Wysyłaj, proszę, tylko zdjęcia osób, które się na to zgodziły, i nigdy zdjęć dzieci.
bot-short-description = Znajduje twarze na Twoich zdjęciach i ocenia każdą w skali od 1 do 10. To tylko zabawa.
