# İnsanların okuduğu metinler. Bir hatanın kodu, metninin adıdır.

## Neden resim yok

source-unreadable = Fotoğraf okunamadı: { $reason }.
photo-unavailable = Bu fotoğrafı Telegram'dan alamadım. Lütfen tekrar gönder.
file-too-large = Dosya { $limit_mb } MB'tan büyük. Lütfen daha küçük bir dosya gönder.
not-an-image = Bu bir resim değil ya da biçimini okuyamıyorum. Sıradan JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP ve GIF dosyaları olur; RAW fotoğraflar ve bu biçimlerin nadir türleri olmaz.
broken-image = Resim bozuk ya da eksik. Lütfen tekrar gönder.
unreadable-image = Bu dosyayı okuyamıyorum, tekrar göndermen de işe yaramaz. Lütfen başka bir fotoğraf gönder ya da bunu JPEG olarak kaydet.
too-many-pixels = Fotoğraf { $limit_megapixels } megapikselden büyük. Lütfen daha küçük bir tane gönder.
too-small = Fotoğraf çok küçük: Her kenarı en az { $limit } piksel olmalı.
no-face = Yüz bulamadım. Yüzün dik durduğu, daha büyük göründüğü ve kameraya baktığı bir fotoğraf dene.
undeliverable = Resim kaydedilemedi: { $reason }.
timed-out = Bu çok uzun sürdü. Lütfen fotoğrafı tekrar gönder.
internal = Bizim tarafımızda bir sorun çıktı. Lütfen daha sonra tekrar dene.
user-busy = { $limit ->
    [one] Son fotoğrafın hâlâ puanlanıyor.
   *[other] Son { $limit } fotoğrafın hâlâ puanlanıyor.
} Lütfen bunu { $when } tekrar gönder.
busy = Şu anda uzun bir sıra var. Lütfen bu fotoğrafı { $when } tekrar gönder.
daily-limit = Bugünlük bu kadar: Senin için günde en fazla { $limit } fotoğraf puanlıyorum. Lütfen bunu { $when } tekrar gönder.

## Resim

rated-one = 10 üzerinden { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
rated-many = { $count ->
    [one] { $count } yüz:
   *[other] { $count } yüz, soldan sağa:
} { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = puan yok
minors = { $count ->
    [one] Bir yüz puanlanamayacak kadar genç görünüyor, bu yüzden çerçevesinde sayı yok.
   *[other] { $count } yüz puanlanamayacak kadar genç görünüyor, bu yüzden çerçevelerinde sayı yok.
}
only-minors = { $count ->
    [one] Bu yüz puanlanamayacak kadar genç görünüyor, bu yüzden çerçevesinde sayı yok.
    [2] İki yüz de puanlanamayacak kadar genç görünüyor, bu yüzden çerçevelerinde sayı yok.
   *[other] { $count } yüzün hepsi puanlanamayacak kadar genç görünüyor, bu yüzden çerçevelerinde sayı yok.
}
album-photo = Fotoğraf { $number }
album-item = { $which }: { $words }
perhaps-sent = Resmi iki kez gönderdim ama Telegram ulaştığını doğrulamıyor. Görmüyorsan lütfen fotoğrafı tekrar gönder.
perhaps-sent-album = Resimleri iki kez gönderdim ama Telegram ulaştıklarını doğrulamıyor. Görmüyorsan lütfen fotoğrafları tekrar gönder.
faces-left-out = { $found } yüz buldum, { $shown ->
    [one] en büyüğünü
   *[other] en büyük { $shown } tanesini
} gösteriyorum.

## Fotoğraf işlenirken

progress = { $photos ->
    [one] Fotoğrafını puanlıyorum
   *[other] { $photos } fotoğrafını puanlıyorum
}, yaklaşık { $wait }.

## Sohbet

start =
    Merhaba! Bana bir fotoğraf gönder; içindeki yüzleri bulup her birine 1 ile 10 arasında puan vereyim.

    Puan, birkaç yüz kişinin ortalama ne vereceğine dair tahminimdir. Sadece eğlence içindir ve kimse hakkında kesin bir şey söylemez.

    Lütfen yalnızca buna izin veren kişilerin fotoğraflarını gönder, çocuklarınkini asla gönderme.

    Başka neler yapabilirim: /help
help =
    Bana bir fotoğraf, aynı anda birkaç fotoğraf ya da dosya olarak bir resim gönder. Her yüz için bir çerçeve ve bir puanla geri göndereyim.

    1 ile 10 arasındaki puan, birkaç yüz kişinin ortalama ne vereceğine dair tahminimdir. Sadece eğlence içindir, kimseyi tanımlamaz. Lütfen yalnızca buna izin veren kişilerin fotoğraflarını gönder, çocuklarınkini asla gönderme. Çocuğa benzeyen bir yüz, içinde sayı olmayan bir çerçeve alır.

    Görüşler değişir: Ne kadar değiştiğini (±) görmek için fotoğrafın açıklamasına ranking kelimesini yaz.

    Senden aynı anda en fazla { $photos } fotoğraf alırım, her biri en fazla { $limit_mb } MB olabilir.

    Bir grupta, fotoğrafın açıklamasında benden bahset ya da bir fotoğrafı /rate ile yanıtla.

    /styles – sonucun nasıl çizileceği
    /language – hangi dilde yazdığım
    /privacy – fotoğraflarına ne olduğu
privacy =
    Ne işleniyor: Fotoğrafın ve içindeki yüzler, bu botu işletenin sunucusundaki bir yazılım tarafından. Başka kimseye verilmez. Yazılım her yüz için bir puan ve bir yaş tahmin eder; yaşı yalnızca çocuklara puan vermemek için.

    Ne kadar süreyle: Fotoğrafın, sonuç çizilir çizilmez silinir; sonuç da sana ulaşır ulaşmaz. Yanıtlanamayanlar en geç { $when } silinir.

    Ne saklanıyor: Günlük istatistikler (kaç kişinin kaç fotoğraf gönderdiği, bunun nasıl sonuçlandığı, ne kadar sürdüğü ve her puanın kaç kez verildiği) ve hiçbir fotoğraf iki kez puanlanmasın ve sınırlara uyulsun diye, yaklaşık bir gün boyunca her mesajın ve göndereninin şifrelenmiş numaraları. Engellenirsen, şifrelenmiş numaran engel kalkana kadar saklanır. Fotoğraf, yüz, ad ya da sohbet saklanmaz.

    /language ile bir dil seçersen, “{ language-automatic }” seçeneğine dönene ya da bana bir yıl boyunca yazmayana kadar, şifrelenmiş bir numaranla birlikte saklanır.

    Telegram bu sohbeti kendisi saklar. Ben yanıtlamadan fotoğrafı oradan silersen yanıt gelmez.
styles =
    Sonucun nasıl çizileceğini seçmek için fotoğrafın açıklamasına bir stilin adını yaz:

    { $styles }

    Bir şey yazmazsan { $default } kullanılır. Resmin altındaki düğmeler onu başka bir stilde yeniden çizer.
style-line = { $name }: { $style }
settings =
    /language – hangi dilde yazdığım
    /styles – sonucun nasıl çizileceği
style-boxes = her yüz için bir çerçeve ve bir puan
style-ranking = numaralı yüzler ve en yüksek puandan en düşüğe bir liste, görüşlerin ne kadar değiştiğiyle (±)
style-spotlight = yüzler aydınlık, geri kalan her şey karartılmış
style-other = yalnızca bu sunucuda olan bir stil
no-photo = Bu bir fotoğraf değil. Bana bir fotoğraf ya da dosya olarak bir resim gönder. /help
no-video = Videoları puanlamıyorum, yalnızca fotoğrafları. Videodan bir kare gönder. /help
rate-what = Bir fotoğrafı /rate ile yanıtla, içindeki yüzleri puanlayayım.

## Düğmeler

button-boxes = Çerçeveler
button-ranking = Sıralama
button-spotlight = Spot ışığı
button-file = Dosya olarak
button-delete = Sil
button-cancel = İptal
press-taken = Bir dakika…
press-busy = Bu şimdilik çok fazla fotoğraf olur. Lütfen { $when } tekrar bas.
press-photo-gone = Fotoğraf artık yok, bu yüzden yeniden çizemem.
press-undeletable = Telegram bunu silmeme artık izin vermiyor.
press-not-yours = Buna yalnızca isteği gönderen kişi ya da bir yönetici basabilir.
press-cancelled = İptal edildi.
press-too-late = Artık çok geç: Yanıt yolda.
press-old = Bu düğme artık çalışmıyor.
not-allowed = Üzgünüm, bu bot herkese açık değil, bu yüzden burada sana yardımcı olamam.

## Dil

language-name = Türkçe
language = Sana hangi dilde yazayım?
language-automatic = Telegram'daki gibi
language-set = Artık sana Türkçe yazacağım.
language-automatic-set = Artık Telegram'ındaki dilde yazacağım.

## Botu işleten için

no-worker = Çalışan worker yok: { $stages }. { $waiting ->
    [0] Yeni fotoğraflar orada bekleyecek.
    [one] Orada { $waiting } fotoğraf bekliyor.
   *[other] Orada { $waiting } fotoğraf bekliyor.
}
bottleneck = Darboğaz: { $stage }. Bekleyen fotoğraf: { $waiting }, worker: { $workers }, kalan iş: yaklaşık { $wait }. { $needed } worker ile kuyruk bir dakikada boşalır.
bottleneck-clears = Darboğaz: { $stage }. Bekleyen fotoğraf: { $waiting }, worker: { $workers }, kalan iş: yaklaşık { $wait }. Kuyruk bir dakikada boşalıyor, daha fazla worker gerekmiyor.
admin = İşlenen fotoğraf: { $photos }. Yenisi için tahmin: { $wait }.
admin-today = Bugün: { $users } kişiden { $requests } fotoğraf.
admin-stage = { $stage }: { $waiting } bekliyor, { $workers } worker, dakikada { $per_minute }
admin-counts = Sınırına ulaşan kullanıcı: { $full }. İşlenemeyen mesaj: { $dead }. Bugün kaybolan günlük kaydı: { $dropped }.
admin-down = { $part } yanıt vermiyor: { $reason }.
admin-blocked = Engellendi: { $user }
admin-unblocked = Engeli kaldırıldı: { $user }
admin-block-list = { $count ->
    [0] Engellenen kimse yok.
   *[other] Engellenen: { $count }
}
admin-block-whom = Kimi? /admin block ya da /admin unblock yazıp günlüklerdeki bir takma adı ekle, ya da göndereni Telegram'da görünen iletilmiş bir mesajı bununla yanıtla. /admin blocked engellenen herkesi listeler.

## Komut menüsü

command-help = neler yapabilirim
command-styles = sonucun nasıl çizileceği
command-language = hangi dilde yazdığım
command-settings = dil ve stil
command-privacy = fotoğraflarına ne olduğu
command-rate = puanlanması için bir fotoğrafı bununla yanıtla

## Telegram'ın ilk mesajdan önce ve profilde bot hakkında gösterdikleri

bot-description =
    Bana bir fotoğraf gönder; içindeki yüzleri bulup her birine 1 ile 10 arasında puan vereyim.

    Puan, birkaç yüz kişinin ortalama ne vereceğine dair tahminimdir. Sadece eğlence içindir.

    Lütfen yalnızca buna izin veren kişilerin fotoğraflarını gönder, çocuklarınkini asla gönderme.
bot-short-description = Fotoğraflarındaki yüzleri bulur ve her birine 1 ile 10 arasında puan verir. Sadece eğlence için.
