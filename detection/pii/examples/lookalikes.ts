/** What only looks like sensitive data. None of these may be hidden. */
export const lookalikes: readonly string[] = `
Order 4111111111111112 has shipped.
Your invoice 20241107-000183 is ready.
ISBN 978-3-16-148410-0 is out of print.
ISBN-10: 0-306-40615-2
Upgrade from 1.2.3.4 to 2.0.1 first.
Chrome 119.0.6045.159 fixes it.
commit 9f3b7c1e5a8d2046bf91c7e3d5a08b64
sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
The build took 00:12:45 on the runner.
At 10:20:30 the job restarted.
ts=1732220000000 level=info msg="started"
epoch 1700000000 is in November
The price rose from $1,234,567.89 to $2,000,000.00.
It costs 1.299,00 EUR with tax.
Coordinates 52.520008, 13.404954 mark the gate.
lat=48.858844 lon=2.294351
The meeting is on 2024-05-03 at noon.
released 03/05/2024, patched 04/06/2024
Tracking 1Z999AA10123456784 is in transit.
Use user@localhost in the test.
npm install @scope/package@1.2.3
git@: see the manual for the syntax
@Component({ selector: 'app' })
std::vector<int>::iterator it;
Room 123-45-67 is on the left.
Part no. 11-22-33-44 is sold out.
SKU 123456789 is back in stock.
ticket 021000021 was closed
pedido 52998224725 enviado
Auftrag 86095742719 ist fertig.
zamówienie 44051401359 wysłane
bestelling 111222333 is onderweg
commande 123456789 expédiée
注文 123456789018 を確認しました
заказ 500100732259 отправлен
passport control is closed today
the driver crashed in 2024 on boot
api_key = "your_api_key_goes_here_now"
password: <yours>
The password is required.
Reset your password in the settings.
The wallet is empty.
bitcoin fell by 12 percent
0x1F4 is five hundred
color #4A90E2 looks fine
uuid 550e8400-e29b-41d4-a716-446655440000
id=7c9e6679-7425-40de-944b-e07fc1f90ae7
version 10.15.7 of the system
192.168.1.0/24 is written 3.2.1.0 there
Section 3.1.4.1 explains it.
chapter 12, page 345, line 6789
phi is 1.6180339887498948482
pi is 3.14159265358979323846
5 + 7 = 12 and 12 * 12 = 144
matrix 1 2 3 4 5 6 7 8 9 10 11 12
1 2 3 4 5 6 7 8 9 0
12 34 56 78 90 in the sample
2019 2020 2021 2022 2023 2024
the score was 21-19, 18-21, 21-17
2000-2010 was a decade
10.000 steps a day
1,000,000 rows in 12.5 s
HTTP 404 then 502 then 200
port 8080 and port 5432
chmod 755 on the folder
ISO 9001:2015 and RFC 2616 apply
IEEE 802.11ac at 5 GHz
DIN A4 is 210 x 297 mm
weight 1234 g, size 10 x 20 x 30
model XJ-900-2024 is discontinued
flight LH 1234 to Madrid
train ICE 578 at 14:05
gate B42, seat 17C
the code is SUMMER2024
coupon SAVE20NOW works once
Windows 11 build 22631.2715
iPhone 15 Pro Max 256 GB
GPT-4 has 128000 tokens
batch_size=32 lr=0.0003 epochs=10
SELECT id FROM t WHERE id = 123456789
for (let i = 0; i < 1000000; i++) {}
x = 1e-9 * 6.02214076e23
127 files changed, 4011 insertions
Error 0x80070005 means no access
errno 110 after 30000 ms
2026-11-21T10:11:12.123Z started
Mon Nov 3 10:11:12 2025
week 45 of 2026
Q3 2026 revenue grew 12 percent
born from a need for speed in 2019
the birthday party starts at 18:30
call the function twice
ring buffer size 1048576
reach 1000000 users by spring
phone model 11-22 is sold out
my cell has 3 columns
the contact form is broken
EUR 12 345,67 was refunded
ratio 3:4:5 and 16:9
MD5 d41d8cd98f00b204e9800998ecf8427e
base64 SGVsbG8gd29ybGQ= decodes to a greeting
the tin contains 47036892816 atoms
10 Downing is a play
Rule 34 of section 12 applies.
v1.0.0-rc.1+20241107
the eth0 link is up
sol is the fifth note
sin 30 is 0.5 and cos 60 is 0.5
taj mahal was built over 20 years
the nip and tuck of it
a run of 12345678 rows
see figure 12-3456789 in the annex
`.trim().split('\n'); // biome-ignore format: one sentence a line
