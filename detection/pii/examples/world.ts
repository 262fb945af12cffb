/** Languages of Asia and the Near East. */
const lines = (text: string): readonly string[] => text.trim().split('\n');

export const world: Record<string, readonly string[]> = {
  zh: lines(`
我的身份证号是{CN_RESIDENT_ID:11010519491231002X}，请核对。
请发邮件到{EMAIL_ADDRESS:li.wei@youjian.example}，谢谢。
我的手机是{PHONE_NUMBER:+86 138 1234 5678}
电话：{PHONE_NUMBER:010-12345678}
出生日期：{DATE_OF_BIRTH:1985年7月12日}
密码是：{PASSWORD:mima2024x}
信用卡 {CREDIT_CARD:4111111111111111} 被拒绝
护照 {PASSPORT:E12345678} 已过期
身分證字號 {TW_NATIONAL_ID:A123456789}
服务器 {IP_ADDRESS:203.0.113.88} 没有响应`),
  ja: lines(`
マイナンバーは {JP_MY_NUMBER:1234 5678 9018} です。
メールは {EMAIL_ADDRESS:tanaka@tegami.example} までお願いします。
電話 {PHONE_NUMBER:03-1234-5678} にお願いします
携帯は {PHONE_NUMBER:090-1234-5678} です
生年月日：{DATE_OF_BIRTH:1990年4月1日}
カード番号 {CREDIT_CARD:3530111333300000} を削除してください
パスポート {PASSPORT:TK1234567} を更新します
サーバー {IP_ADDRESS:198.51.100.99} が落ちました`),
  ko: lines(`
주민등록번호 {KR_RRN:971013-9019902} 확인 부탁드립니다.
메일은 {EMAIL_ADDRESS:minji@pyeonji.example} 로 보내 주세요.
휴대폰 {PHONE_NUMBER:010-1234-5678} 로 연락 주세요
전화 {PHONE_NUMBER:+82 2 1234 5678}
생년월일 {DATE_OF_BIRTH:1992년 3월 15일}
카드 {CREDIT_CARD:4012888888881881} 가 거절되었습니다
여권 {PASSPORT:M12345678} 을 잃어버렸습니다
서버 {IP_ADDRESS:192.0.2.55} 응답 없음`),
  hi: lines(`
मेरा आधार नंबर {IN_AADHAAR:2341 2341 2346} है।
मुझे {EMAIL_ADDRESS:asha@patra.example} पर लिखें।
मोबाइल {PHONE_NUMBER:+91 98765 43210} पर कॉल करें
जन्म तिथि {DATE_OF_BIRTH:10/01/1989}
पैन {IN_PAN:ACUPA7085R} संलग्न है
कार्ड {CREDIT_CARD:5105105105105100} बंद है
सर्वर {IP_ADDRESS:203.0.113.5} बंद है`),
  ar: lines(`
راسلني على {EMAIL_ADDRESS:omar@barid.example} من فضلك.
هاتف {PHONE_NUMBER:+971 4 123 4567} بعد الظهر
تاريخ الميلاد {DATE_OF_BIRTH:1986-02-20}
جواز {PASSPORT:N1234567} منتهي
بطاقة {CREDIT_CARD:4111 1111 1111 1111} مرفوضة
الخادم {IP_ADDRESS:198.51.100.3} متوقف`),
  he: lines(`
תעודת זהות {IL_ID:123456782} של הלקוח
כתבו אל {EMAIL_ADDRESS:noa@michtav.example} בבקשה.
טלפון {PHONE_NUMBER:+972 2 123 4567} בערב
תאריך לידה {DATE_OF_BIRTH:01/12/1994}
כרטיס {CREDIT_CARD:6011111111111117} נחסם`),
}; // biome-ignore format: one sentence a line
