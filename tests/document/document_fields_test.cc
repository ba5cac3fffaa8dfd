#include "document/document_fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ftok {
namespace {

std::string names_of(unsigned uses) {
  std::string names;
  const Document document;
  for_each_field(document, uses,
                 [&](std::string_view name, const auto&) { names += (names.empty() ? "" : " ") + std::string(name); });
  return names;
}

TEST(DocumentFields, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  const Document document;
  std::apply([&](const auto&... fields) { (names.insert(fields.name), ...); }, kDocumentFields);
  EXPECT_EQ(names.size(), std::tuple_size_v<std::remove_const_t<decltype(kDocumentFields)>>);
}

TEST(DocumentFields, WhatEachOutputHoldsInWhichOrder) {
  EXPECT_EQ(names_of(kInKeptLine),
            "id dump url date file_path language language_score scores labels license license_source");
  EXPECT_EQ(names_of(kInRejectLine), "id url file_path offset scores labels");
  EXPECT_EQ(names_of(kInPageLine),
            "id url text title author published site html_language canonical_url description license license_source");
  EXPECT_EQ(names_of(kInMeasureHead), "id url");
  EXPECT_EQ(names_of(kInMeasureLabels), "language language_score scores labels");
  EXPECT_EQ(names_of(kInCandidates),
            "id dump url date file_path offset truncated charset replacements text markdown lines language "
            "language_score scores labels "
            "title author published site html_language canonical_url description license license_source dedup_keys");
}

TEST(DocumentFields, AScoreIsAFieldUnderItsName) {
  Document document;
  document.language = "en";
  document.language_score = 0.5;
  document.scores = {{"classifier_score", 0.25}, {"toxicity_score", 1}};
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, document, kInMeasureLabels);
  json.end_object();
  EXPECT_EQ(json.text(), R"({"language":"en","language_score":0.5,"classifier_score":0.25,"toxicity_score":1})");
}

TEST(DocumentFields, ALabelIsATextOrAListUnderItsName) {
  Document document;
  document.labels = {{"topic", false, {"mills"}}, {"tags", true, {"a", "\"b\""}}, {"none", true, {}}};
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, document, kInRejectLine);
  json.end_object();
  EXPECT_NE(json.text().find(R"("offset":0,"topic":"mills","tags":["a","\"b\""],"none":[]})"), std::string::npos)
      << json.text();
}

TEST(DocumentFields, ColumnsOfWhatTheRecipeNames) {
  std::vector<ParquetField> columns;
  add_document_columns(kInMeasureLabels, {{"charm"}, {"topic"}, {"tags"}}, columns);
  const std::vector<ParquetField> wanted = {{"language", ParquetType::kText},
                                            {"language_score", ParquetType::kReal},
                                            {"charm", ParquetType::kReal},
                                            {"topic", ParquetType::kText},
                                            {"tags", ParquetType::kTexts}};
  EXPECT_EQ(columns, wanted);
}

TEST(DocumentFields, NamesThatRecordsHaveAlready) {
  for (const char* const taken : {"id", "text", "tokens", "stopped_after", "reason", "cluster_id", "measures"})
    EXPECT_TRUE(is_reserved_field(taken)) << taken;
  for (const char* const free : {"scores", "labels", "topic", "classifier_score"})
    EXPECT_FALSE(is_reserved_field(free)) << free;
}

TEST(DocumentFields, WhatALineMayBeWithout) {
  Document document;
  const auto line = [&] {
    JsonWriter json;
    json.begin_object();
    write_document_fields(json, document, kInStoppedLine);
    return json.end_object().take();
  };
  EXPECT_EQ(line().find("markdown"), std::string::npos);
  EXPECT_EQ(line().find("lines"), std::string::npos);
  EXPECT_NE(line().find(R"("title":"")"), std::string::npos);
  document.markdown = "# A";
  document.lines = {4, 8};
  EXPECT_NE(line().find(R"("markdown":"# A","lines":[4,8])"), std::string::npos) << line();
}

TEST(DocumentFields, NumbersAreAList) {
  Document document;
  document.id = "a";
  document.dedup_keys = {1, UINT64_MAX};
  JsonWriter json;
  json.begin_object();
  write_document_fields(json, document, kInCandidates);
  json.end_object();
  EXPECT_NE(json.text().find(R"("dedup_keys":[1,18446744073709551615]})"), std::string::npos) << json.text();
}

}  // namespace
}  // namespace ftok
