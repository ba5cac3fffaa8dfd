#include "pipeline/inputs.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/input_names.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

template <typename Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ListInputs, ExpandsGlobsByNameAndKeepsTheOrderGiven) {
  testing::TemporaryFolder folder;
  for (const char* name : {"b.warc", "a.warc", "c.txt"}) write_file(folder / name, "x");
  InputListOptions options;
  options.inputs = {folder / "c.txt", folder / "*.warc"};
  EXPECT_EQ(list_inputs(options), (std::vector<std::string>{folder / "c.txt", folder / "a.warc", folder / "b.warc"}));
  options.limit = 2;
  EXPECT_EQ(list_inputs(options).size(), 2u);
}

TEST(ListInputs, ReadsListsAndCompletesCrawlPaths) {
  testing::TemporaryFolder folder;
  write_file(folder / "list", "# comment\n\ncrawl-data/CC-MAIN-2024-22/x.warc.gz\r\nhttps://h.example/y.warc.gz\n");
  InputListOptions options;
  options.input_lists = {folder / "list"};
  EXPECT_EQ(list_inputs(options),
            (std::vector<std::string>{"https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-22/x.warc.gz",
                                      "https://h.example/y.warc.gz"}));
}

TEST(ListInputs, ReadsCompressedPathLists) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "warc.paths.gz";
  gzFile file = ::gzopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  for (int i = 0; i < 1000; ++i) ::gzprintf(file, "crawl-data/CC-MAIN-2024-22/segments/%05d.warc.gz\n", i);
  ::gzclose(file);
  InputListOptions options;
  options.input_lists = {path};
  const std::vector<std::string> inputs = list_inputs(options);
  ASSERT_EQ(inputs.size(), 1000u);
  EXPECT_EQ(inputs.back(), "https://data.commoncrawl.org/crawl-data/CC-MAIN-2024-22/segments/00999.warc.gz");
}

TEST(ListInputs, SlicesCoverTheListOnce) {
  InputListOptions options;
  for (int i = 0; i < 10; ++i) options.inputs.push_back("https://h.example/" + std::to_string(i));
  std::vector<std::string> all;
  for (const char* slice : {"0/3", "1/3", "2/3"}) {
    options.slice = slice;
    for (const std::string& input : list_inputs(options)) all.push_back(input);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, options.inputs);
}

TEST(ListInputs, NamesWhatIsWrong) {
  testing::TemporaryFolder folder;
  InputListOptions options;
  EXPECT_EQ(message_of([&] { list_inputs(options); }), "no input: neither a file nor a line of a list names one");
  options.inputs = {folder / "*.warc"};
  EXPECT_EQ(message_of([&] { list_inputs(options); }), "'" + (folder / "*.warc") + "' matches no file");
  options.inputs = {folder / "missing"};
  EXPECT_EQ(message_of([&] { list_inputs(options); }),
            "cannot read " + (folder / "missing") + ": No such file or directory");
  options.inputs = {folder.path().string()};
  EXPECT_NE(message_of([&] { list_inputs(options); }).find("it is a directory"), std::string::npos);
  options.inputs = {"https://h.example/a"};
  for (const char* slice : {"3/3", "x/3", "1", "1/", "1/0"}) {
    options.slice = slice;
    EXPECT_NE(message_of([&] { list_inputs(options); }).find("--slice: got '"), std::string::npos) << slice;
  }
}

using Names = std::vector<std::string>;

TEST(InputNames, AreTheShortestEndsThatNoOtherInputHas) {
  const std::string here = std::filesystem::current_path().string();
  for (const std::string& path : {std::string("d.jsonl"), std::string("./d.jsonl"), std::string("x/../d.jsonl"),
                                  here + "/d.jsonl", here + "//d.jsonl"}) {
    EXPECT_EQ(input_name(path), "d.jsonl") << path;
    EXPECT_EQ(input_names({path, here + "/e.jsonl"}), (Names{"d.jsonl", "e.jsonl"})) << path;
  }
  EXPECT_EQ(input_names({"/a/d.jsonl", "/b/d.jsonl", "/b/e.jsonl"}), (Names{"a/d.jsonl", "b/d.jsonl", "e.jsonl"}));
  EXPECT_EQ(input_names({"/a/x/d", "/b/x/d", "/c/y/d"}), (Names{"a/x/d", "b/x/d", "y/d"}));
  EXPECT_EQ(input_names({"/d", "/b/d"}), (Names{"/d", "b/d"}));
  EXPECT_EQ(input_names({"/ab/d", "/b/d"}), (Names{"ab/d", "b/d"}));
  EXPECT_EQ(input_names({"/b/d", "/b/./d"}), (Names{"/b/d", "/b/d"}));  // one file
  EXPECT_EQ(input_names({"https://h.example/a/d.jsonl", "-"}), (Names{"d.jsonl", "-"}));
  EXPECT_EQ(input_names({}), Names{});
}

TEST(InputNames, TheSplitTakesThemFromTheBaseNameOn) {
  const SplitKeys keys("/a/b/d.jsonl");
  EXPECT_EQ(keys.of("d.jsonl:12"), "d.jsonl:12");
  EXPECT_EQ(keys.of("b/d.jsonl:12"), "d.jsonl:12");
  EXPECT_EQ(keys.of("/a/b/d.jsonl:12"), "d.jsonl:12");
  EXPECT_EQ(keys.of("b/d.jsonl"), "d.jsonl");
  EXPECT_EQ(SplitKeys("/a/b/d:5").of("b/d:5"), "d:5");  // a whole text of that name
  for (const char* own : {"c/d.jsonl:12", "xd.jsonl:12", "b/d.jsonl:", "b/d.jsonl:x", "b/d.jsonl:1x", ":12", "12", "",
                          "urn:uuid:00000000-0000-0000-0000-000000000000", "https://h.example/d.jsonl"}) {
    EXPECT_EQ(keys.of(own), own);
  }
}

}  // namespace
}  // namespace ftok
