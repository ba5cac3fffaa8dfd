// Licences: what addresses and words are taken for, and which of a page's statements counts.
#include <gtest/gtest.h>

#include <string>

#include "extract/content/license.h"
#include "extract/extract.h"

namespace ftok::html {
namespace {

TEST(License, AddressesOfCreativeCommons) {
  EXPECT_EQ(license_of_address("https://creativecommons.org/licenses/by-sa/4.0/"), "CC-BY-SA-4.0");
  EXPECT_EQ(license_of_address("http://www.creativecommons.org/licenses/by-nc-nd/2.5"), "CC-BY-NC-ND-2.5");
  EXPECT_EQ(license_of_address("//creativecommons.org/licenses/by/3.0/de/"), "CC-BY-3.0-DE");
  EXPECT_EQ(license_of_address("https://creativecommons.org/licenses/by/4.0/deed.de"), "CC-BY-4.0");
  EXPECT_EQ(license_of_address("https://creativecommons.org/licenses/by/4.0/?ref=chooser-v1"), "CC-BY-4.0");
  EXPECT_EQ(license_of_address("https://creativecommons.org/licenses/by-nd-nc/1.0/"), "CC-BY-NC-ND-1.0");
  EXPECT_EQ(license_of_address("https://creativecommons.org/publicdomain/zero/1.0/"), "CC0-1.0");
  EXPECT_EQ(license_of_address("https://creativecommons.org/publicdomain/mark/1.0/"), "CC-PDM-1.0");
  for (const char* other :
       {"https://creativecommons.org/", "https://creativecommons.org/licenses/",
        "https://creativecommons.org/licenses/by-xx/4.0/", "https://creativecommons.org/licenses/by/",
        "https://notcreativecommons.org/licenses/by/4.0/", "creativecommons.org/licenses/by/4.0/", ""})
    EXPECT_EQ(license_of_address(other), "") << other;
}

TEST(License, AddressesOfOthers) {
  EXPECT_EQ(license_of_address("https://www.gnu.org/licenses/fdl-1.3.html"), "GFDL-1.3");
  EXPECT_EQ(license_of_address("https://www.gnu.org/licenses/gpl.html"), "GPL");
  EXPECT_EQ(license_of_address("https://www.apache.org/licenses/LICENSE-2.0.html"), "Apache-2.0");
  EXPECT_EQ(license_of_address("https://opensource.org/licenses/MIT"), "MIT");
  for (const char* mit : {"https://opensource.org/licenses/mit-license.php", "https://opensource.org/license/mit",
                          "https://opensource.org/license/mit/", "https://spdx.org/licenses/MIT.html"})
    EXPECT_EQ(license_of_address(mit), "MIT") << mit;
  EXPECT_EQ(license_of_address("https://opensource.org/license/apache-2-0"), "Apache-2.0");
  EXPECT_EQ(license_of_address("https://opensource.org/license/Some-Other-2-0"), "Some-Other-2-0");
  EXPECT_EQ(license_of_address("https://spdx.org/licenses/Zlib.html"), "Zlib");
  EXPECT_EQ(license_of_address("https://opendatacommons.org/licenses/odbl/1-0/"), "ODbL-1.0");
  EXPECT_EQ(license_of_address("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"),
            "OGL-UK-3.0");
  EXPECT_EQ(license_of_address("https://opensource.org/licenses/"), "");
  EXPECT_EQ(license_of_address("https://x.example/licenses/MIT"), "");
}

TEST(License, Words) {
  EXPECT_EQ(license_of_words("CC BY-SA 4.0"), "CC-BY-SA-4.0");
  EXPECT_EQ(license_of_words("Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported"), "CC-BY-NC-SA-3.0");
  EXPECT_EQ(license_of_words("Creative Commons Attribution No Derivatives 4.0"), "CC-BY-ND-4.0");
  EXPECT_EQ(license_of_words("Text is under CC BY 4.0."), "CC-BY-4.0");
  EXPECT_EQ(license_of_words("CC0 1.0 Universal"), "CC0-1.0");
  for (const char* other : {"CC BY-SA", "Creative Commons", "(c) 2020 Mill Press", "Version 4.0", "by hand 4.0", ""})
    EXPECT_EQ(license_of_words(other), "") << other;
  EXPECT_EQ(license_of_words("CC BY 4.0" + std::string(191, ' ')), "CC-BY-4.0");
  EXPECT_EQ(license_of_words("CC BY 4.0" + std::string(192, ' ')), "");
}

// What a page with this in its head and body says.
std::string said_by(const std::string& head, const std::string& body = "") {
  const std::string html =
      "<html><head>" + head + "</head><body><p>The mill stands still.</p>" + body + "</body></html>";
  const Metadata metadata = extract(html, {}).metadata;
  EXPECT_EQ(metadata.license.empty(), metadata.license_source.empty());
  return metadata.license_source.empty() ? "" : metadata.license_source + ": " + metadata.license;
}

TEST(License, WhereItIsStated) {
  const std::string by = "https://creativecommons.org/licenses/by/4.0/";
  const std::string json_ld = R"(<script type="application/ld+json">{"@type": "Article", "license": )";
  EXPECT_EQ(said_by("<link rel=license href=/terms>"), "rel: /terms");
  EXPECT_EQ(said_by("", "<a rel='noopener License' href='" + by + "'>CC</a>"), "rel: CC-BY-4.0");
  EXPECT_EQ(said_by("<meta name=dcterms.license content='" + by + "'>"), "meta: CC-BY-4.0");
  EXPECT_EQ(said_by("<meta name=copyright content='CC BY-SA 4.0, Mill Press'>"), "meta: CC-BY-SA-4.0");
  EXPECT_EQ(said_by("<meta name=copyright content='Mill Press 2020'>"), "");
  EXPECT_EQ(said_by(json_ld + "\"" + by + "\"}</script>"), "json_ld: CC-BY-4.0");
  EXPECT_EQ(said_by(json_ld + R"({"@type": "CreativeWork", "url": "https://x.example/terms"}}</script>)"),
            "json_ld: https://x.example/terms");
  EXPECT_EQ(said_by("", "<footer><p><a href='" + by + "'>CC</a></footer>"), "footer: CC-BY-4.0");
  EXPECT_EQ(said_by("", "<div class=site-footer><a href='" + by + "'>CC</a></div>"), "footer: CC-BY-4.0");
  EXPECT_EQ(said_by("", "<p>Pictures are under <a href='" + by + "'>CC BY</a>."), "");
  EXPECT_EQ(said_by("", "<footer><a href='https://x.example/terms'>Terms</a></footer>"), "");
}

TEST(License, TheFirstSourceCounts) {
  const std::string meta = "<meta name=license content='CC BY 4.0'>", link = "<link rel=license href=/terms>";
  const std::string footer = "<footer><a href='https://creativecommons.org/publicdomain/zero/1.0/'>CC0</a></footer>";
  EXPECT_EQ(said_by(meta + link, footer), "rel: /terms");
  EXPECT_EQ(said_by(meta, footer), "meta: CC-BY-4.0");
  EXPECT_EQ(said_by(link + "<link rel=license href=/other>"), "rel: /terms");
}

}  // namespace
}  // namespace ftok::html
