// The page of a run: which documents it gives, from where, and what it says of them.
#include "view/run_look.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/input_report.h"
#include "shards/part.h"
#include "tests/view/view_files.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

using testing::ViewFiles;

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// A run in progress of several parts with receipts: part p keeps `kept`[p] documents and drops 3, of reasons c4.a,
// c4.a, c4.b.
class PartsTest : public ::testing::Test {
 protected:
  void write_part(uint64_t part, uint64_t kept) {
    const std::string parts = files.folder + "/parts_run/parts";
    std::filesystem::create_directories(parts);
    std::string texts, rejects;
    for (uint64_t i = 0; i < kept; ++i) {
      texts += fmt::format(
          "{{\"text\":\"t\",\"id\":\"k{0}-{1}\",\"url\":\"https://Host{0}.example/{1}?a=\\\"\",\"language\":\"en\","
          "\"token_count\":{1}}}\n",
          part, i);
    }
    for (int i = 0; i < 3; ++i) {
      rejects += fmt::format("{{\"id\":\"d{}-{}\",\"url\":\"\",\"reason\":\"c4.{}\",\"value\":{},\"threshold\":5}}\n",
                             part, i, i < 2 ? 'a' : 'b', i);
    }
    const PartPaths paths = part_paths(parts, part);
    write_file(paths.text, texts);
    write_file(paths.rejects, rejects);
    InputReport report;
    report.input = fmt::format("in-{}.warc.gz", part);
    report.tally.records = report.tally.documents = kept + 3;
    report.tally.kept = kept;
    report.tally.dropped = {{"c4.a", 2}, {"c4.b", 1}};
    PartReceipt receipt;
    receipt.number = part;
    receipt.report = write_input_report(report);
    write_file(paths.receipt, write_part_receipt(receipt));
    write_file(files.folder + "/parts_run/binding.toml",
               "folder_version = 2\n[c4]\nx = 1\n[output]\nrejects = \"ids\"\n");
  }

  ViewFiles files;
  uint64_t part_ = 0;
};

TEST_F(PartsTest, TheNthDocumentIsFoundInItsPart) {
  for (const uint64_t kept : {30U, 0U, 5U}) write_part(part_++, kept);
  const RunLook look(files.folder + "/parts_run");
  const std::string first = look.documents(true, "", 0);
  EXPECT_EQ(count_of(first, "\"id\""), RunLook::kPageDocuments);
  EXPECT_NE(first.find("\"next\":20,\"more\":true,\"total\":35"), std::string::npos) << first;
  const std::string second = look.documents(true, "", 20);
  EXPECT_NE(second.find("\"id\":\"k0-20\""), std::string::npos) << second;
  EXPECT_NE(second.find("\"id\":\"k2-4\""), std::string::npos) << second;  // over the part that has none
  EXPECT_NE(second.find("\"next\":35,\"more\":false"), std::string::npos) << second;
  EXPECT_NE(look.documents(true, "", 33).find("\"documents\":[{\"kind\":\"kept\",\"part\":2,\"row\":3,"),
            std::string::npos);
  EXPECT_EQ(count_of(look.documents(true, "", 35), "\"id\""), 0U);
  EXPECT_EQ(count_of(look.documents(true, "", 1'000'000), "\"id\""), 0U);
}

TEST_F(PartsTest, DocumentsOfAReasonAreCountedByThemselves) {
  for (int i = 0; i < 20; ++i) write_part(part_++, 1);
  const RunLook look(files.folder + "/parts_run");
  const std::string of_b = look.documents(false, "c4.b", 0);
  EXPECT_EQ(count_of(of_b, "\"reason\":\"c4.b\""), 20U);
  EXPECT_EQ(count_of(of_b, "c4.a"), 0U);
  EXPECT_NE(of_b.find("\"total\":20"), std::string::npos);
  const std::string of_a = look.documents(false, "c4.a", 20);  // a page that nobody asked for before
  EXPECT_NE(of_a.find("\"documents\":[{\"kind\":\"dropped\",\"part\":10,\"row\":0,"), std::string::npos) << of_a;
  EXPECT_NE(look.documents(false, "c4.a", 39).find("\"id\":\"d19-1\""), std::string::npos);
  EXPECT_NE(look.documents(false, "c4.none", 0).find("\"documents\":[]"), std::string::npos);
}

TEST_F(PartsTest, FindsByIdAddressAndHostAlone) {
  for (int i = 0; i < 3; ++i) write_part(part_++, 4);
  const RunLook look(files.folder + "/parts_run");
  for (const bool is_scanned : {false, true}) {
    if (is_scanned) look.scan().wait();
    EXPECT_NE(look.find("k1-2", false, "").find("\"part\":1,\"row\":2,\"id\":\"k1-2\""), std::string::npos);
    EXPECT_NE(look.find("d2-0", false, "").find("\"kind\":\"dropped\",\"part\":2,\"row\":0"), std::string::npos);
    EXPECT_EQ(count_of(look.find("https://Host1.example/2?a=\"", false, ""), "\"id\""), 1U);
    EXPECT_EQ(count_of(look.find("host1.example", false, ""), "\"id\""), 4U);
    EXPECT_EQ(count_of(look.find("Host1.EXAMPLE", false, ""), "\"id\""), 4U);
    EXPECT_EQ(count_of(look.find("k1", false, ""), "\"id\""), 0U);  // a part of an id
    EXPECT_EQ(count_of(look.find("k1", true, ""), "\"id\""), 4U);
    EXPECT_EQ(count_of(look.find("c4.a", false, ""), "\"id\""), 0U);  // what stands elsewhere in a row
    EXPECT_EQ(count_of(look.find("c4.a", true, ""), "\"id\""), 0U);
  }
  EXPECT_TRUE(look.scan().may_hold(1, true, "k1-2"));
  EXPECT_FALSE(look.scan().may_hold(0, true, "k1-2"));
  EXPECT_THROW(look.find("", false, ""), ViewRefusal);
  EXPECT_THROW(look.find("x", false, "a.b"), ViewRefusal);
  EXPECT_NE(look.find("x", false, "99.99").find("\"more\":false"), std::string::npos);
}

TEST_F(PartsTest, ARunThatGoesOnShowsWhatComes) {
  write_part(part_++, 2);
  const RunLook look(files.folder + "/parts_run");
  look.scan().wait();
  EXPECT_NE(look.run().find("\"parts\":1,"), std::string::npos) << look.run();
  EXPECT_NE(look.run().find("\"recipe\":\"[c4]\\nx = 1\\n[output]\\n\""), std::string::npos) << look.run();
  write_part(part_++, 7);
  EXPECT_NE(look.documents(true, "", 0).find("\"total\":9"), std::string::npos);
  EXPECT_NE(look.run().find("\"kept\":9"), std::string::npos);
  std::filesystem::create_directories(files.folder + "/parts_run/work");
  write_file(files.folder + "/parts_run/work/progress.json", "{\"seconds\":1.5,\"records\":3}");
  EXPECT_NE(look.run().find("\"progress\":{\"seconds\":1.5,\"records\":3}"), std::string::npos) << look.run();
  write_file(files.folder + "/parts_run/work/progress.json", "{\"seconds\":");  // not of ftok
  EXPECT_EQ(look.run().find("\"progress\""), std::string::npos);
}

TEST_F(PartsTest, TheScanTellsHostsLanguagesLengthsAndValues) {
  write_part(part_++, 3);
  const RunLook look(files.folder + "/parts_run");
  look.scan().wait();
  const std::string run = look.run();
  EXPECT_NE(run.find("\"documents\":6,\"hosts_in_all\":1,\"hosts\":[[\"host0.example\",3]],\"languages\":[[\"en\",3]]"),
            std::string::npos)
      << run;
  EXPECT_NE(run.find("\"lengths\":[[0,0,1],[1,1.03125,1],[2,2.0625,1]]"), std::string::npos) << run;
  EXPECT_NE(run.find("\"c4.a\":{\"threshold\":5,\"documents\":2,\"bins\":[[0,0,1],[1,1.03125,1]]}"), std::string::npos)
      << run;
}

TEST_F(PartsTest, ADocumentByItsPlace) {
  write_part(part_++, 3);
  const RunLook look(files.folder + "/parts_run");
  EXPECT_NE(look.document({true, 0, 2}).find("\"id\":\"k0-2\""), std::string::npos);
  EXPECT_NE(look.document({true, 0, 1}).find("\"id\":\"k0-1\""), std::string::npos);  // before one that was read
  EXPECT_EQ(look.read({false, 0, 2}).reason, "c4.b");
  for (const RunPlace& place : {RunPlace{true, 0, 3}, RunPlace{true, 1, 0}, RunPlace{false, 0, UINT64_MAX >> 12}})
    EXPECT_THROW(look.document(place), ViewRefusal);
}

TEST(HostOfAddress, IsLowerCaseAndBare) {
  EXPECT_EQ(host_of_address("https://User:p@WWW.Example.org:8443/a?b#c"), "www.example.org");
  EXPECT_EQ(host_of_address("http://[2001:DB8::1]:80/"), "[2001:db8::1]");
  EXPECT_EQ(host_of_address("https://a.example"), "a.example");
  EXPECT_EQ(host_of_address("urn:uuid:1"), "");
  EXPECT_EQ(host_of_address("https://"), "");
}

}  // namespace
}  // namespace ftok
