// The PII stage: each kind on both sides of its rules, replacement, overlaps, determinism.
#include "filters/pii.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "filters/pii_finders/pii_finders.h"

namespace ftok {
namespace {

// "kind:text kind:text" of what a stage finds.
std::string found(const PiiStage& stage, const std::string& text) {
  std::string out;
  for (const PiiSpan& span : stage.find(text)) {
    out += (out.empty() ? "" : " ") + std::string(name_of(span.kind)) + ":" +
           text.substr(span.begin, span.end - span.begin);
  }
  return out;
}

class Pii : public ::testing::Test {
 protected:
  const PiiStage all_{PiiOptions::all()};
  const PiiStage release_{PiiOptions()};
  const PiiStage head_{PiiOptions::head()};
};

TEST_F(Pii, MarkdownIsScrubbedAsThePlainTextIs) {
  Document document;
  document.text = "Write to a@b.com.\n8.8.8.8";
  document.markdown = "Write to **a@b.com**.\n\n`8.8.8.8`";
  Report report;
  head_.process(document, &report);
  EXPECT_EQ(document.text, "Write to email@example.com.\n22.214.171.124");
  EXPECT_EQ(document.markdown, "Write to **email@example.com**.\n\n`22.214.171.124`");
  EXPECT_EQ(report.measurements.at(0).value, 1);  // of the plain text: the same as without Markdown
}

TEST_F(Pii, EmailsAsDatatrove) {
  EXPECT_EQ(found(head_, "to a.b+c@d-e.co.uk."), "email:a.b+c@d-e.co.uk");
  EXPECT_EQ(found(head_, "a@b"), "");
  EXPECT_EQ(found(head_, "x@y@z.org"), "email:y@z.org");
  EXPECT_EQ(found(head_, "a..b@c.com"), "email:b@c.com");
  EXPECT_EQ(found(head_, "a.@c.com"), "");
  EXPECT_EQ(found(head_, "a@b.c-"), "email:a@b.c");
  EXPECT_EQ(found(head_, "a@-b.com"), "");
  EXPECT_EQ(found(head_,
                  "\xC3\xA9"
                  "a@b.com"),
            "");  // no word boundary within "éa"
  EXPECT_EQ(found(head_, "a@[1.2.3.4]"), "email:a@[1.2.3.4]");
  EXPECT_EQ(found(head_, "a@[1.2.3]"), "");
  EXPECT_EQ(found(head_, "@b.com"), "");
}

TEST_F(Pii, EmailsOfTheReleaseAreLowerCase) {
  EXPECT_EQ(found(head_, "John@Example.com"), "email:John@Example.com");
  EXPECT_EQ(found(release_, "John@example.com"), "");
  EXPECT_EQ(found(release_, "john@example.com"), "email:john@example.com");
  EXPECT_EQ(found(release_, "john@example.Com"), "");
}

TEST_F(Pii, Ipv4PublicOnly) {
  EXPECT_EQ(found(head_, "at 8.8.8.8, not 10.0.0.1"), "ipv4:8.8.8.8");
  EXPECT_EQ(found(head_, "1.2.3.256"), "ipv4:1.2.3.25");  // as datatrove's pattern has it
  EXPECT_EQ(found(head_, "01.2.3.4"), "");                // no address with a leading zero
  EXPECT_EQ(found(head_, "1.2.3"), "");
  EXPECT_EQ(found(head_, "1.2.3.4.5.6.7.8"), "ipv4:1.2.3.4 ipv4:5.6.7.8");
  EXPECT_EQ(found(head_, "mail a@1.2.3.4"), "email:a@1.2.3.4");
  PiiOptions options;
  options.public_addresses_only = false;
  EXPECT_EQ(found(PiiStage(options), "10.0.0.1"), "ipv4:10.0.0.1");
}

TEST_F(Pii, PublicIpv4Ranges) {
  const auto at = [](uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return pii::is_public_ipv4(a << 24 | b << 16 | c << 8 | d);
  };
  EXPECT_TRUE(at(9, 255, 255, 255));
  EXPECT_FALSE(at(10, 0, 0, 0));
  EXPECT_FALSE(at(100, 64, 0, 0));
  EXPECT_FALSE(at(100, 127, 255, 255));
  EXPECT_TRUE(at(100, 128, 0, 0));
  EXPECT_FALSE(at(172, 31, 255, 255));
  EXPECT_TRUE(at(172, 32, 0, 0));
  EXPECT_FALSE(at(192, 0, 0, 8));
  EXPECT_TRUE(at(192, 0, 0, 9));
  EXPECT_TRUE(at(192, 0, 1, 0));
  EXPECT_FALSE(at(198, 19, 255, 255));
  EXPECT_TRUE(at(224, 0, 0, 1));
  EXPECT_FALSE(at(240, 0, 0, 0));
}

TEST_F(Pii, Ipv6) {
  EXPECT_EQ(found(all_, "ping 2a00:1450:4001:81b::200e now"), "ipv6:2a00:1450:4001:81b::200e");
  EXPECT_EQ(found(all_, "see 2606:4700::1111."), "ipv6:2606:4700::1111");
  EXPECT_EQ(found(all_, "2001:db8::1 fe80::1 ::1"), "");
  EXPECT_EQ(found(all_, "std::string at 10:30:45 in dead::beef"), "");
  EXPECT_EQ(found(all_, "6e40:4041:c617:e898:c11:40d2:c669:2eb4"), "ipv6:6e40:4041:c617:e898:c11:40d2:c669:2eb4");
  EXPECT_EQ(found(all_, "00:1b:44:11:3a:b7"), "");  // a MAC address
}

TEST_F(Pii, CardsNeedIssuerLengthAndLuhn) {
  EXPECT_EQ(found(all_, "pay 4111 1111 1111 1111 now"), "card:4111 1111 1111 1111");
  EXPECT_EQ(found(all_, "4111111111111111"), "card:4111111111111111");
  EXPECT_EQ(found(all_, "4111111111111112"), "");
  EXPECT_EQ(found(all_, "3782-822463-10005"), "card:3782-822463-10005");
  EXPECT_EQ(found(all_, "9111111111111110"), "");    // no issuer
  EXPECT_EQ(found(all_, "41 11111111 111111"), "");  // no card is printed so
  EXPECT_EQ(found(all_, "x4111111111111111"), "");
  EXPECT_TRUE(pii::has_valid_luhn("79927398713"));
  EXPECT_FALSE(pii::has_valid_luhn("79927398710"));
}

TEST_F(Pii, IbansNeedCountryLengthAndChecksum) {
  EXPECT_EQ(found(all_, "IBAN GB82 WEST 1234 5698 7654 32."), "iban:GB82 WEST 1234 5698 7654 32");
  EXPECT_EQ(found(all_, "DE89370400440532013000"), "iban:DE89370400440532013000");
  EXPECT_EQ(found(all_, "DE88370400440532013000"), "");
  EXPECT_EQ(found(all_, "QQ89370400440532013000"), "");
  EXPECT_EQ(found(all_, "DE893704004405320130001"), "");
}

TEST_F(Pii, SocialSecurityNumbers) {
  EXPECT_EQ(found(all_, "SSN 123-45-6789,"), "us_ssn:123-45-6789");
  EXPECT_EQ(found(all_, "899-45-6789"), "us_ssn:899-45-6789");
  for (const char* never :
       {"000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "123-45 6789", "1-123-45-6789"}) {
    EXPECT_EQ(found(all_, never), "") << never;
  }
}

TEST_F(Pii, PhonesByShape) {
  for (const char* number :
       {"+1-984-182-0190", "+46 (0)8 928 571 38", "905-674-3793", "(602)272-9781", "001-253-366-9781",
        "345-899-3560x4587", "0490 75 40 81", "03.93.92.16.85", "(08) 8747 6301", "+447700 921 916"}) {
    EXPECT_EQ(found(all_, std::string("x ") + number + " y"), std::string("phone:") + number);
  }
  for (const char* other :
       {"2024-01-31", "31.12.2024", "01.02.2003", "v1.2.3", "10,000,000", "$1234567", "3.14159265", "0-306-40615-2",
        "12:30:45", "100-200-3000", "1234567890", "1999-2004", "978-3-16-148410-0", "192.168.1.1"}) {
    EXPECT_EQ(found(all_, std::string("x ") + other + " y"), "") << other;
  }
}

TEST_F(Pii, WeakPhonesNeedAWordBefore) {
  EXPECT_EQ(found(all_, "call 467 3395"), "phone:467 3395");
  EXPECT_EQ(found(all_, "about 467 3395"), "");
  EXPECT_EQ(found(all_, "Telephone: 5403926876"), "phone:5403926876");
  EXPECT_EQ(found(all_, "excellent 5403926876"), "");
}

TEST_F(Pii, NumbersThatAreSomethingElse) {
  // Two of each kind stay, and what differs in one trait alone is found.
  EXPECT_EQ(found(all_, "0.4111111111111111"), "");
  EXPECT_EQ(found(all_, "-.4111111111111111"), "");
  EXPECT_EQ(found(all_, "4111111111111111.25"), "");
  EXPECT_EQ(found(all_, "4111111111111111."), "card:4111111111111111");
  EXPECT_EQ(found(all_, "No.4111111111111111"), "card:4111111111111111");
  for (const char* text : {"on 01.02.2024 10 Uhr", "of 05-11-2023 18 cm", "at 2026-06-02 20 times",
                           "call by 2026-06-02 12 noon", "0123 01.02.2024", "052.520008 013.404954", "010.020.030.040",
                           "version 02.03.04.0506", "01.04.2023-31.10.2023"}) {
    EXPECT_EQ(found(all_, text), "") << text;
  }
  for (const char* text : {"on 01.02.24 10 Uhr 15", "of 24-02-01 1030 x", "born 01 02 1960 12 o'clock",
                           "version 212.555.0123", "0,4111 1111 1111 1111", "at 12:030 123 4567"}) {
    EXPECT_EQ(found(all_, text), "") << text;
  }
  EXPECT_EQ(found(all_, "x 01.02.24.56.78 y"), "phone:01.02.24.56.78");
  EXPECT_EQ(found(all_, "x 01-02-24-56-78 y"), "phone:01-02-24-56-78");
  EXPECT_EQ(found(all_, "x 01 02 24 56 78 y"), "phone:01 02 24 56 78");
  EXPECT_EQ(found(all_, "x 01 02 1860 12 y"), "phone:01 02 1860 12");
  EXPECT_EQ(found(all_, "x 212.555.0123 y"), "phone:212.555.0123");
  EXPECT_EQ(found(all_, "Tel.:030 123 4567"), "phone:030 123 4567");
  EXPECT_EQ(found(all_, "tel:+49-30-1234567"), "phone:+49-30-1234567");
  EXPECT_EQ(found(all_, "at 01.92.2024.10 x"), "phone:01.92.2024.10");  // no month is 92
  EXPECT_EQ(found(all_, "at 02.03.04.0506 x"), "phone:02.03.04.0506");
  EXPECT_EQ(found(all_, "at 052 520008 x"), "phone:052 520008");
  EXPECT_EQ(found(all_, "at 030.123.256.789 x"), "phone:030.123.256.789");
}

TEST_F(Pii, UnicodeSpacesAndHyphens) {
  EXPECT_EQ(found(all_, "IBAN GB82\u00A0WEST\u00A01234\u202F5698 7654 32."),
            "iban:GB82\u00A0WEST\u00A01234\u202F5698 7654 32");
  EXPECT_EQ(found(all_, "GB82\u00A0WES\u00A0T1234 5698 7654 32"), "");
  EXPECT_EQ(found(all_, "x 905\u2011674\u20113793 y"), "phone:905\u2011674\u20113793");
  EXPECT_EQ(found(all_, "x +49\u00A030\u00A01234567 y"), "phone:+49\u00A030\u00A01234567");
  EXPECT_EQ(found(all_, "x 4111\u00A01111\u00A01111\u00A01111 y"), "card:4111\u00A01111\u00A01111\u00A01111");
  EXPECT_EQ(found(all_, "IBAN NO93\u20068601\u30001117\u200A947"), "iban:NO93\u20068601\u30001117\u200A947");
  EXPECT_EQ(found(all_, "x 030\u205F123\u20044567 y"), "phone:030\u205F123\u20044567");
  EXPECT_EQ(found(all_, "x 123\u201045\u20106789 y"), "us_ssn:123\u201045\u20106789");
  EXPECT_EQ(found(all_, "x 905\u00B7674\u00B73793 y"), "");  // a middle dot
}

// Whatever stands between the groups, the number is found whole or not at all.
TEST_F(Pii, IbansWithAnySeparators) {
  for (const std::string sign : {"\u2011", "\u2013", "-", "\t", "\n", "\r\n", " \n", "\u2060", "\u200B", "\u00AD",
                                 " \u2060", "\u2014", "\u3000"}) {
    const std::string iban = "DE89" + sign + "3704" + sign + "0044" + sign + "0532" + sign + "0130" + sign + "00";
    EXPECT_EQ(found(all_, "pay " + iban + "."), "iban:" + iban) << sign;
    std::string text = "to " + iban + " please";
    all_.scrub(text);
    EXPECT_EQ(text, "to XX00 0000 0000 0000 00 please");
  }
  EXPECT_EQ(found(all_, "DE 89 3704 0044 0532 0130 00"), "iban:DE 89 3704 0044 0532 0130 00");
  EXPECT_EQ(found(all_, "DE\u00A089\u00A03704 0044 0532 0130 00"), "iban:DE\u00A089\u00A03704 0044 0532 0130 00");
  EXPECT_EQ(found(all_, "de 89 3704 0044 0532 0130 00"), "iban:de 89 3704 0044 0532 0130 00");
  EXPECT_EQ(found(all_, "De 89 3704 0044 0532 0131 00"), "phone:0044 0532 0131");
  EXPECT_EQ(found(all_, "DE89  3704 0044 0532 0130 00"), "iban:DE89  3704 0044 0532 0130 00");
  EXPECT_EQ(found(all_, "GB82   WEST 1234 5698 7654 32"), "");                                  // three spaces
  EXPECT_EQ(found(all_, "ES91 2100 0418 45 0200051332"), "iban:ES91 2100 0418 45 0200051332");  // as accounts there
  EXPECT_EQ(found(all_, "De 89 3704"), "");
  EXPECT_EQ(found(all_, "DE89 37\u200B04 0044 0532 0130 00"), "iban:DE89 37\u200B04 0044 0532 0130 00");
  EXPECT_EQ(found(all_, "DE88\u20133704\u20130044\u20130532\u20130130\u201300"), "");  // no phone in it either
  EXPECT_EQ(found(all_, "\u20130044\u20130532\u20130130"), "phone:0044\u20130532\u20130130");
  EXPECT_EQ(found(all_, "(1499) 271-280 x"), "phone:(1499) 271-280");
  EXPECT_EQ(found(all_, "(1500) 271-280 x"), "");  // a year
  EXPECT_EQ(found(all_, "(2099) 271-280 x"), "");
  EXPECT_EQ(found(all_, "(2100) 271-280 x"), "phone:(2100) 271-280");
}

TEST_F(Pii, CardsWithAnySeparators) {
  for (const std::string sign : {"\u2011", "\u2013", "-", "\t", "\u2060", "\u200B", "\u00AD", "\u202F"}) {
    const std::string card = "4111" + sign + "1111" + sign + "1111" + sign + "1111";
    EXPECT_EQ(found(all_, "x " + card + " y"), "card:" + card) << sign;
  }
  EXPECT_EQ(found(all_, "x 4111 1111 1111\n1111 y"), "card:4111 1111 1111\n1111");
  EXPECT_EQ(found(all_, "x\n4111\n1111\n1111\n1111\ny"), "");  // a column
  EXPECT_EQ(found(all_, "x 411\u00AD11111 1111\u00AD1111 y"), "card:411\u00AD11111 1111\u00AD1111");
  EXPECT_EQ(found(all_, "x 411 11111 1111 1111 y"), "");
  EXPECT_EQ(found(all_, "x 030\u200B123\u20604567 y"), "phone:030\u200B123\u20604567");
}

TEST_F(Pii, CardsAreNoPartOfALongerRowOfGroups) {
  for (const char* row :
       {"Table 1234 5678 9012 3456.", "Rows 1111 2222 4111 1111 1111 1111 3333.", "4111 1111 1111 1111 2222",
        "2222-4111-1111-1111-1111", "1 4111 1111 1111 1111", "4111 1111 1111 1111\t12"}) {
    EXPECT_EQ(found(all_, row), "") << row;
  }
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 5500 0000 0000 0004"),
            "card:4111 1111 1111 1111 card:5500 0000 0000 0004");
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 5500 0000 0000 0005"), "");
  EXPECT_EQ(found(all_, "1234\n4111 1111 1111 1111\n1234"), "card:4111 1111 1111 1111");
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 12/27"), "card:4111 1111 1111 1111");
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 12 27"), "");
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 123"), "card:4111 1111 1111 1111");  // its security code
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 1234"), "");
  EXPECT_EQ(found(all_, "4111 1111 1111 1111 123 4"), "");
  EXPECT_EQ(found(all_, "7 4111111111111111 123"), "card:4111111111111111");
  EXPECT_EQ(found(all_, "Box 7, 4111 1111 1111 1111, 123"), "card:4111 1111 1111 1111");
}

TEST_F(Pii, DecimalsOfOtherScriptsAreNoCards) {
  EXPECT_EQ(found(all_, "0\u00B74111111111111111"), "");
  EXPECT_EQ(found(all_, "\u0660\u066B4111111111111111"), "");
  EXPECT_EQ(found(all_, "4111111111111111\u066B\u0665"), "");
  EXPECT_EQ(found(all_, "\uFF10\uFF0E4111111111111111"), "");
  EXPECT_EQ(found(all_, "\u00B74111111111111111"), "card:4111111111111111");  // an item of a list
  EXPECT_EQ(found(all_, "x\u00B74111111111111111"), "card:4111111111111111");
}

// Words that mean other things too have to be a phone's.
TEST_F(Pii, PhoneWordsThatMeanOtherThings) {
  for (const char* other :
       {"Hoffmann M. Cell 181 (2020) 271-280.", "The cell 1234567 was stained.", "cells 1234567", "cellulose 1234567",
        "DOI 10.1016/j.cell.2020.02.058. PMC 7095418.", "Cell. 2018;174: 1234567", "television 1234567", "tell 1234567",
        "Tel Aviv 6423806", "dialysis 1234567", "contacted 1234567", "called 1234567", "mobility 1234567",
        "phonetic 1234567", "microphone 1234567", "the 1234567 cell lines", "1234567 mobile users",
        "1234567 phone calls", "1234567 portable devices"}) {
    EXPECT_EQ(found(all_, other), "") << other;
  }
  for (const std::string words : {"Cell: ",         "my cell is ", "My cell ",     "cell phone ",
                                  "cellphone ",     "cell no. ",   "cell #",       "reach him at cell number ",
                                  "tel ",           "tels ",       "Telefon ",     "T\u00E9l\u00E9phone ",
                                  "Tel\u00E9fono ", "telnr. ",     "dial ",        "contact ",
                                  "call ",          "mobile ",     "mobilnummer ", "phones ",
                                  "smartphone "}) {
    EXPECT_EQ(found(all_, words + "4673395"), words.ends_with('#') ? "" : "phone:4673395") << words;
  }
  EXPECT_EQ(found(all_, "4673395 mobile"), "phone:4673395");
  EXPECT_EQ(found(all_, "4673395 phone number"), "phone:4673395");
  EXPECT_EQ(found(all_, "4673395 is our cell in town"), "phone:4673395");
}

TEST_F(Pii, SocialSecurityNumbersWithSpacesNeedAWord) {
  EXPECT_EQ(found(all_, "SSN: 123 45 6789"), "us_ssn:123 45 6789");
  EXPECT_EQ(found(all_, "123 45 6789 (Social Security)"), "us_ssn:123 45 6789");
  EXPECT_EQ(found(all_, "SS# 123\u00A045\u00A06789"), "us_ssn:123\u00A045\u00A06789");
  EXPECT_EQ(found(all_, "boxes 123 45 6789"), "");
  EXPECT_EQ(found(all_, "lossn 123 45 6789"), "");
}

TEST_F(Pii, PhonesWithTheirWordBehind) {
  EXPECT_EQ(found(all_, "467 3395 (mobile)"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395 is my cell phone"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395 (telephone)"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395 (t\u00E9l. bureau)"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395, m\u00F3vil"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395 (Mobil)"), "phone:467 3395");
  EXPECT_EQ(found(all_, "M\u00F3vil 467 3395"), "phone:467 3395");
  EXPECT_EQ(found(all_, "467 3395 telegrams"), "");
  EXPECT_EQ(found(all_, "467 3395 (home phone), 467 3396 (work phone)"), "phone:467 3395 phone:467 3396");
  EXPECT_EQ(found(all_, "box 467 3395 (see phone 467 3396)"), "phone:467 3396");
  EXPECT_EQ(found(all_, "467 3395 boxes"), "");
  EXPECT_EQ(found(all_, "box 467 3395. Phone us"), "");  // another sentence
  EXPECT_EQ(found(all_, "box 467 3395 tel: 5403926876"), "phone:5403926876");
  EXPECT_EQ(found(all_, "467 3395 mobiles"), "");
}

TEST_F(Pii, ApiKeys) {
  const std::string body36(36, 'a');
  EXPECT_EQ(found(all_, "key AKIAIOSFODNN7EXAMPLE."), "api_key:AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(found(all_, "key AKIAIOSFODNN7EXAMPL"), "");
  EXPECT_EQ(found(all_, "ghp_1" + body36), "api_key:ghp_1" + body36);
  EXPECT_EQ(found(all_, "ghx_1" + body36), "");
  EXPECT_EQ(found(all_, "sk-proj-4" + body36), "api_key:sk-proj-4" + body36);
  EXPECT_EQ(found(all_, "AIza" + std::string(34, 'b') + "1"), "api_key:AIza" + std::string(34, 'b') + "1");
  EXPECT_EQ(found(all_, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"),
            "api_key:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N");
  EXPECT_EQ(found(all_, "a-long-slug-of-an-article-2024-part-3"), "");
}

TEST_F(Pii, ReplacementsGoInTurnWithinADocument) {
  std::string text = "a@b.co, c@d.co, e@f.co; 8.8.8.8 9.9.9.9";
  const PiiCounts counts = head_.scrub(text);
  EXPECT_EQ(text, "email@example.com, firstname.lastname@example.org, email@example.com; 22.214.171.124 126.96.36.199");
  EXPECT_EQ(counts[static_cast<size_t>(PiiKind::kEmail)], 3U);
  EXPECT_EQ(counts[static_cast<size_t>(PiiKind::kIpv4)], 2U);
  std::string again = text;
  head_.scrub(again);
  EXPECT_EQ(again, text);  // what was replaced is replaced by the same
  std::string other = "z@z.zz";
  head_.scrub(other);
  EXPECT_EQ(other, "email@example.com");  // the turn starts anew
}

TEST_F(Pii, ReplacementsAreNotFoundAgainAsOtherKinds) {
  std::string text =
      "2a00:1450:4001:81b::200e +1-984-182-0190 4111111111111111 DE89370400440532013000 123-45-6789 "
      "AKIAIOSFODNN7EXAMPLE";
  all_.scrub(text);
  EXPECT_EQ(text,
            "2001:db8::1 +1-202-555-0100 0000 0000 0000 0000 XX00 0000 0000 0000 00 000-00-0000 REDACTED_API_KEY");
  EXPECT_EQ(found(all_, text), "phone:+1-202-555-0100");
}

TEST_F(Pii, StageReportsCountsAndNeverDrops) {
  Document document;
  document.text = "a@b.co";
  Report report;
  EXPECT_TRUE(head_.process(document, &report).kept());
  ASSERT_EQ(report.measurements.size(), 2U);
  EXPECT_EQ(report.measurements[0].rule, "pii.email");
  EXPECT_EQ(report.measurements[0].value, 1);
  EXPECT_EQ(document.text, "email@example.com");
}

TEST_F(Pii, UnknownKindIsNamed) {
  PiiOptions options;
  options.kinds = {"emails"};
  try {
    const PiiStage stage(options);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("\"emails\""), std::string::npos);
  }
}

// Many triggers and no match: the time must stay linear, which the test's own limit of minutes tells from quadratic.
TEST_F(Pii, HostileTextIsLinear) {
  for (const std::string unit : {"@", "a@", "a.b@c.d ", "1.", ":", "1 ", "(1", "2::", "1-", "a.", "+1 ", "1234 ",
                                 "DE89 ", "4111\n", "1\u200B"}) {
    std::string text;
    while (text.size() < (1 << 20)) text += unit;
    const std::vector<PiiSpan> spans = all_.find(text);
    for (size_t i = 1; i < spans.size(); ++i) ASSERT_LE(spans[i - 1].end, spans[i].begin);
  }
}

}  // namespace
}  // namespace ftok
