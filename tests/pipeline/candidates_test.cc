#include "pipeline/run/candidates.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

Document sample_document() {
  Document d;
  d.id = "urn:uuid:1";
  d.url = "http://a.example/";
  d.text = std::string("line one\nline \0 two", 19);
  d.language = "en";
  d.language_score = 0.875;
  d.offset = 1234567890123;
  d.title = "A title";
  d.dedup_keys = {1, UINT64_MAX, 42};
  return d;
}

InputReport sample_report() {
  InputReport report;
  report.input = "a.warc.gz";
  report.stored_bytes = 99;
  report.digest = std::string(32, 'a');
  report.tally.count(Verdict::keep());
  report.tally.count(Verdict::drop("c4.lorem_ipsum"));
  report.tally.damage = 1;
  report.damage.push_back({"gzip.bad_crc", "member of 12 bytes", 77});
  return report;
}

std::string write_sample(const testing::TemporaryFolder& folder) {
  const std::string path = folder / "000000.candidates";
  CandidateWriter writer(path);
  writer.document(sample_document());
  writer.reject(R"({"id":"x"})");
  writer.finish(sample_report());
  return path;
}

TEST(Candidates, ReadBackWhatWasWritten) {
  testing::TemporaryFolder folder;
  CandidateReader reader(write_sample(folder));
  EXPECT_EQ(reader.report().input, "a.warc.gz");
  EXPECT_EQ(reader.report().tally.dropped.at("c4.lorem_ipsum"), 1u);
  ASSERT_EQ(reader.report().damage.size(), 1u);
  EXPECT_EQ(reader.report().damage[0].offset, 77u);
  EXPECT_EQ(reader.report().damage[0].detail, "gzip.bad_crc: member of 12 bytes");
  Candidate candidate;
  ASSERT_TRUE(reader.next(candidate));
  ASSERT_TRUE(candidate.is_document);
  const Document expected = sample_document();
  EXPECT_EQ(candidate.document.id, expected.id);
  EXPECT_EQ(candidate.document.text, expected.text);
  EXPECT_EQ(candidate.document.offset, expected.offset);
  EXPECT_EQ(candidate.document.language_score, expected.language_score);
  EXPECT_EQ(candidate.document.title, expected.title);
  EXPECT_EQ(candidate.document.dedup_keys, expected.dedup_keys);
  ASSERT_TRUE(reader.next(candidate));
  EXPECT_FALSE(candidate.is_document);
  EXPECT_EQ(candidate.reject, R"({"id":"x"})");
  EXPECT_FALSE(reader.next(candidate));
}

TEST(Candidates, AnyFlippedByteAndAnyCutIsFound) {
  testing::TemporaryFolder folder;
  const std::string bytes = read_file(write_sample(folder));
  const std::string path = folder / "damaged";
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    write_file(path, flipped);
    EXPECT_THROW(CandidateReader{path}, Error) << "byte " << i;
    write_file(path, std::string_view(bytes).substr(0, i));
    EXPECT_THROW(CandidateReader{path}, Error) << "cut at " << i;
  }
}

TEST(Candidates, AreAbsentUntilFinished) {
  testing::TemporaryFolder folder;
  {
    CandidateWriter writer(folder / "c");
    writer.document(sample_document());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace ftok
