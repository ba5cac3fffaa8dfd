#include "pipeline/run/candidates.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "document/document_fields.h"
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
  EXPECT_EQ(reader.report().damage[0].code, "gzip.bad_crc");
  EXPECT_EQ(reader.report().damage[0].detail, "member of 12 bytes");
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

TEST(Candidates, AReportReadsBackToTheSameText) {
  const std::string text = write_input_report(sample_report());
  const Result<InputReport> again = parse_input_report(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(write_input_report(*again), text);
}

TEST(Candidates, ADamageCodeThatIsNotAName) {
  InputReport report = sample_report();
  report.damage[0].code = "no name";
  const Result<InputReport> again = parse_input_report(write_input_report(report));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.damage().code, "bad_report");
}

// Gives every field of a document a value of its own.
struct Fill {
  uint64_t number = 1;

  void operator()(std::string_view name, std::string& text) {
    text = std::string(name) + "\n" + std::to_string(number++);
  }
  void operator()(std::string_view, std::vector<NamedScore>& scores) {
    scores = {{"classifier_score", 0.1}, {*Reason::intern("toxicity_score"), 0.2}};
  }
  void operator()(std::string_view, std::vector<NamedTexts>& labels) {
    labels = {{"topic", false, {"mills"}}, {*Reason::intern("tags"), true, {"a", ""}}, {"none", true, {}}};
  }
  template <typename Number>
  void operator()(std::string_view, std::vector<Number>& numbers) {
    for (size_t i = 0; i < 3; ++i) numbers.push_back(static_cast<Number>(UINT64_MAX - number++));
  }
  template <typename Number>
  void operator()(std::string_view, Number& value) {
    value = static_cast<Number>(number++) + static_cast<Number>(0.5);
  }
};

std::string fields_of(const Document& document, unsigned uses) {
  JsonWriter json(true);
  json.begin_object();
  write_document_fields(json, document, uses);
  return json.end_object().take();
}

TEST(Candidates, EveryFieldOfADocumentThatIsKeptComesBack) {
  constexpr unsigned kAll = ~0u;
  Document document;
  std::apply(
      [&](const auto&... fields) {
        Fill fill;
        (fill(fields.name, document.*fields.member), ...);
      },
      kDocumentFields);
  testing::TemporaryFolder folder;
  CandidateWriter writer(folder / "c");
  writer.document(document);
  writer.finish({});
  CandidateReader reader(folder / "c");
  Candidate candidate;
  ASSERT_TRUE(reader.next(candidate));
  EXPECT_EQ(fields_of(candidate.document, kInCandidates), fields_of(document, kInCandidates));
  EXPECT_NE(fields_of(candidate.document, kInCandidates), fields_of(Document(), kInCandidates));
  candidate.document.payload = document.payload;  // what does not outlive the first half
  candidate.document.identified_type = document.identified_type;
  candidate.document.html = document.html;
  candidate.document.tokens = document.tokens;
  EXPECT_EQ(fields_of(candidate.document, kAll), fields_of(document, kAll));
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
