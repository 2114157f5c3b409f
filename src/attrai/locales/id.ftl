# Yang dibaca orang. Kode kegagalan adalah nama teksnya.

## Mengapa tidak ada gambar

source-unreadable = Fotonya tidak bisa dibaca: { $reason }.
photo-unavailable = Foto ini tidak bisa kuambil dari Telegram. Kirim sekali lagi, ya.
file-too-large = Berkasnya lebih besar dari { $limit_mb } MB. Kirim yang lebih kecil, ya.
not-an-image = Ini bukan gambar, atau formatnya tidak bisa kubaca. Yang bisa: JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, dan GIF biasa, tetapi bukan foto RAW atau varian langka dari format itu.
broken-image = Gambarnya rusak atau tidak lengkap. Kirim sekali lagi, ya.
unreadable-image = Berkas ini tidak bisa kubaca, dan mengirimnya lagi tidak akan membantu. Kirim foto lain, atau simpan yang ini sebagai JPEG.
too-many-pixels = Fotonya lebih dari { $limit_megapixels } megapiksel. Kirim yang lebih kecil, ya.
too-small = Fotonya terlalu kecil: setiap sisi harus minimal { $limit } piksel.
no-face = Tidak ada wajah yang kutemukan. Coba foto dengan wajah yang tegak, lebih besar, dan menghadap kamera.
undeliverable = Gambarnya tidak bisa disimpan: { $reason }.
timed-out = Ini makan waktu terlalu lama. Kirim fotonya sekali lagi, ya.
internal = Ada yang tidak beres di pihak kami. Coba lagi nanti, ya.
user-busy = { $limit ->
    [1] Foto terakhirmu masih dinilai.
   *[other] { $limit } foto terakhirmu masih dinilai.
} Kirim lagi yang ini { $when }, ya.
busy = Antreannya sedang panjang. Kirim lagi foto ini { $when }, ya.
daily-limit = Untuk hari ini cukup: aku menilai paling banyak { $limit } fotomu sehari. Kirim lagi yang ini { $when }, ya.

## Gambarnya

rated-one = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) } dari 10
rated-many = { $count } wajah, dari kiri ke kanan: { $scores }
rated-item = { NUMBER($score, minimumFractionDigits: 1, maximumFractionDigits: 1) }
no-score = tanpa nilai
minors = { $count ->
    [1] Satu wajah tampak terlalu muda untuk dinilai, jadi kotaknya tanpa angka.
   *[other] { $count } wajah tampak terlalu muda untuk dinilai, jadi kotaknya tanpa angka.
}
only-minors = { $count ->
    [1] Wajah ini tampak terlalu muda untuk dinilai, jadi kotaknya tanpa angka.
    [2] Kedua wajah ini tampak terlalu muda untuk dinilai, jadi kotaknya tanpa angka.
   *[other] Semua wajah ({ $count }) tampak terlalu muda untuk dinilai, jadi kotaknya tanpa angka.
}
album-photo = Foto { $number }
album-item = { $which }: { $words }
perhaps-sent = Gambarnya sudah kukirim dua kali, tetapi Telegram tidak memastikan apakah sampai. Kalau kamu tidak melihatnya, kirim fotonya sekali lagi, ya.
perhaps-sent-album = Gambar-gambarnya sudah kukirim dua kali, tetapi Telegram tidak memastikan apakah sampai. Kalau kamu tidak melihatnya, kirim foto-fotonya sekali lagi, ya.
faces-left-out = Ada { $found } wajah, yang ditampilkan { $shown } yang terbesar.

## Selama foto diproses

progress = { $photos ->
    [1] Sedang menilai fotomu
   *[other] Sedang menilai { $photos } fotomu
}, sekitar { $wait }.

## Percakapan

start =
    Halo! Kirimi aku foto, nanti kucari wajah-wajahnya dan kuberi masing-masing nilai dari 1 sampai 10.

    Nilai itu tebakanku tentang rata-rata yang akan diberikan beberapa ratus orang. Ini cuma untuk seru-seruan dan tidak memastikan apa pun tentang siapa pun.

    Tolong kirim hanya foto orang yang setuju, dan jangan pernah foto anak-anak.

    Apa lagi yang kubisa: /help
help =
    Kirimi aku satu foto, beberapa sekaligus, atau gambar sebagai berkas. Akan kukirim balik dengan kotak dan nilai untuk setiap wajah.

    Nilai dari 1 sampai 10 itu tebakanku tentang rata-rata yang akan diberikan beberapa ratus orang. Ini cuma untuk seru-seruan, bukan penilaian sungguhan. Tolong kirim hanya foto orang yang setuju, dan jangan pernah foto anak-anak. Wajah yang tampak seperti anak-anak hanya mendapat kotak tanpa angka.

    Pendapat orang berbeda-beda: untuk melihat seberapa jauh (±), tulis kata ranking di keterangan foto.

    Aku menerima sampai { $photos } foto darimu sekaligus, masing-masing sampai { $limit_mb } MB.

    Di grup, sebut aku di keterangan foto atau balas sebuah foto dengan /rate.

    /styles – cara menggambar hasilnya
    /language – bahasa yang kupakai
    /privacy – apa yang terjadi dengan fotomu
privacy =
    Yang diproses: fotomu dan wajah di dalamnya, oleh perangkat lunak di server pengelola bot ini. Tidak diteruskan ke siapa pun. Nilai dan usia tiap wajah diperkirakan; usia hanya supaya anak-anak tidak dinilai.

    Berapa lama: fotomu dihapus begitu hasilnya selesai digambar, dan hasilnya dihapus begitu sampai padamu. Yang tidak bisa dijawab dihapus paling lambat { $when }.

    Yang disimpan: statistik harian (berapa orang mengirim berapa foto, bagaimana akhirnya, berapa lama, dan seberapa sering setiap nilai diberikan) dan, selama kira-kira sehari, nomor tersamar dari setiap pesan dan pengirimnya, supaya tidak ada foto yang dinilai dua kali dan batasnya dipatuhi. Kalau kamu diblokir, nomor tersamarmu disimpan sampai blokir itu berakhir. Tidak ada foto, wajah, nama, atau obrolan.

    Kalau kamu memilih bahasa dengan /language, pilihan itu disimpan dengan nomor tersamar milikmu, sampai kamu memilih “{ language-automatic }” atau sudah setahun tidak menulis kepadaku.

    Telegram sendiri menyimpan obrolan ini. Kalau fotomu kamu hapus di sana sebelum kujawab, tidak akan ada jawaban.
styles =
    Tulis nama sebuah gaya di keterangan foto untuk memilih cara menggambar hasilnya:

    { $styles }

    Kalau tidak ditulis, yang dipakai { $default }. Tombol di bawah gambar menggambarnya ulang dengan gaya lain.
style-line = { $name }: { $style }
settings =
    /language – bahasa yang kupakai
    /styles – cara menggambar hasilnya
style-boxes = kotak dan nilai untuk setiap wajah
style-ranking = wajah bernomor dan daftar dari nilai tertinggi ke terendah, dengan selisih pendapat orang (±)
style-spotlight = wajah terang, selebihnya diredupkan
style-other = gaya yang hanya ada di server ini
no-photo = Itu bukan foto. Kirimi aku foto, atau gambar sebagai berkas. /help
no-video = Aku tidak menilai video, hanya foto. Kirim satu gambar dari video itu. /help
rate-what = Balas sebuah foto dengan /rate, nanti kunilai wajah di dalamnya.

## Tombol

button-boxes = Kotak
button-ranking = Peringkat
button-spotlight = Sorotan
button-file = Sebagai berkas
button-delete = Hapus
button-cancel = Batal
press-taken = Sebentar…
press-busy = Fotonya jadi terlalu banyak. Tekan lagi { $when }, ya.
press-photo-gone = Fotonya sudah tidak ada, jadi tidak bisa kugambar ulang.
press-undeletable = Telegram sudah tidak mengizinkanku menghapus ini.
press-not-yours = Hanya yang meminta atau seorang admin yang boleh menekan ini.
press-cancelled = Dibatalkan.
press-too-late = Terlambat: jawabannya sedang dikirim.
press-old = Tombol ini sudah tidak berfungsi.
not-allowed = Maaf, bot ini tidak terbuka untuk semua orang, jadi aku tidak bisa membantumu di sini.

## Bahasa

language-name = Bahasa Indonesia
language = Mau kutulis dalam bahasa apa?
language-automatic = Sama dengan Telegram
language-set = Mulai sekarang aku menulis dalam bahasa Indonesia.
language-automatic-set = Mulai sekarang aku mengikuti bahasa Telegram-mu.

## Untuk pengelola bot

no-worker = Tidak ada worker yang berjalan: { $stages }. { $waiting ->
    [0] Foto baru akan menunggu di sana.
   *[other] { $waiting } foto menunggu di sana.
}
bottleneck = Hambatannya di { $stage }. Foto menunggu: { $waiting }, worker: { $workers }, sisa pekerjaan: sekitar { $wait }. Dengan { $needed } worker, antrean habis dalam satu menit.
bottleneck-clears = Hambatannya di { $stage }. Foto menunggu: { $waiting }, worker: { $workers }, sisa pekerjaan: sekitar { $wait }. Antrean habis dalam satu menit, jadi tidak perlu worker tambahan.
admin = Foto sedang diproses: { $photos }. Perkiraan untuk foto baru: { $wait }.
admin-today = Hari ini: { $requests } foto dari { $users } orang.
admin-stage = { $stage }: { $waiting } menunggu, { $workers } worker, { $per_minute } per menit
admin-counts = Pengguna yang mencapai batas: { $full }. Pesan yang tidak bisa diproses: { $dead }. Catatan log yang hilang hari ini: { $dropped }.
admin-down = { $part } tidak merespons: { $reason }.
admin-blocked = Diblokir: { $user }
admin-unblocked = Tidak lagi diblokir: { $user }
admin-block-list = { $count ->
    [0] Tidak ada yang diblokir.
   *[other] Diblokir: { $count }
}
admin-block-whom = Siapa? Tulis /admin block atau /admin unblock dengan nama samaran dari log, atau sebagai balasan pesan terusan yang pengirimnya ditampilkan Telegram. /admin blocked menampilkan semua yang diblokir.

## Menu perintah

command-help = apa yang kubisa
command-styles = cara menggambar hasilnya
command-language = bahasa yang kupakai
command-settings = bahasa dan gaya
command-privacy = apa yang terjadi dengan fotomu
command-rate = balas sebuah foto dengan ini untuk menilainya

## Yang ditampilkan Telegram tentang bot, sebelum pesan pertama dan di profil

bot-description =
    Kirimi aku foto, nanti kucari wajah-wajahnya dan kuberi masing-masing nilai dari 1 sampai 10.

    Nilai itu tebakanku tentang rata-rata yang akan diberikan beberapa ratus orang. Ini cuma untuk seru-seruan.

    Tolong kirim hanya foto orang yang setuju, dan jangan pernah foto anak-anak.
bot-short-description = Menemukan wajah di fotomu dan memberi masing-masing nilai dari 1 sampai 10. Cuma untuk seru-seruan.
