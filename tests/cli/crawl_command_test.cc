// `ftok crawl` and `ftok models` as a user runs them, against a server on loopback.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/file.h"
#include "core/sha256.h"
#include "tests/cli/run_ftok.h"
#include "tests/support/gzip_text.h"
#include "tests/support/http_server.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
using testing::Behaviour;
using testing::gzip_member;
using testing::HttpServer;
using testing::Ran;
using testing::run_ftok;

class CrawlCommandTest : public ::testing::Test {
 protected:
  CrawlCommandTest() { ::setenv("FTOK_CACHE", (folder / "cache").c_str(), 1); }

  void serve(const std::string& path, std::string body, int status = 200) {
    Behaviour how;
    how.status = status;
    how.body = std::move(body);
    how.etag = "\"v1\"";
    server.serve(path, how);
  }
  // Runs `ftok ARGUMENTS --base-url SERVER`.
  Ran run(const std::string& arguments) { return run_ftok(arguments + " --base-url " + server.base_url()); }

  HttpServer server;
  testing::TemporaryFolder folder;
  const std::string paths_url = "/crawl-data/CC-MAIN-2024-22/warc.paths.gz";
};

TEST_F(CrawlCommandTest, ListsCrawls) {
  serve(
      "/collinfo.json",
      R"([{"id":"CC-MAIN-2024-22","name":"May 2024 Index","from":"2024-05-18T00:00:00","to":"2024-05-31T00:00:00"}])");
  const Ran text = run("crawl list");
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.out, "CC-MAIN-2024-22      2024-05-18 2024-05-31 May 2024 Index\n");
  const Ran json = run("crawl list --json");
  EXPECT_NE(json.out.find("\"id\": \"CC-MAIN-2024-22\""), std::string::npos) << json.out;
  EXPECT_EQ(server.requests()[0].header("user-agent").substr(0, 5), "ftok/");
}

TEST_F(CrawlCommandTest, ListsPathsAndSamplesThem) {
  std::string list;
  for (int i = 0; i < 50; ++i) list += "crawl-data/CC-MAIN-2024-22/warc/" + std::to_string(i % 40) + ".warc.gz\n";
  serve(paths_url, gzip_member(list));
  const Ran all = run("crawl paths CC-MAIN-2024-22");
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 40);
  const Ran some = run("crawl paths CC-MAIN-2024-22 --sample 3 --seed 7");
  EXPECT_EQ(std::count(some.out.begin(), some.out.end(), '\n'), 3);
  EXPECT_EQ(run("crawl paths CC-MAIN-2024-22 --sample 3 --seed 7").out, some.out);
  EXPECT_NE(run("crawl paths CC-MAIN-2024-22 --sample 3 --seed 8").out, some.out);
  EXPECT_EQ(run("crawl paths CC-MAIN-2024-22 --sample 1 --urls").out.find(server.base_url() + "/crawl-data/"), 0u);
}

TEST_F(CrawlCommandTest, TakesTheLatestCrawlByName) {
  serve("/collinfo.json", R"([{"id":"CC-MAIN-2024-22"},{"id":"CC-MAIN-2024-18"}])");
  serve(paths_url, gzip_member("crawl-data/a.warc.gz\n"));
  EXPECT_EQ(run("crawl paths latest").out, "crawl-data/a.warc.gz\n");
}

TEST_F(CrawlCommandTest, GetsFilesOnceAndWritesReceipts) {
  const std::string a = gzip_member("a"), b = gzip_member("b");
  serve("/crawl-data/x/a.warc.gz", a);
  serve("/crawl-data/x/b.warc.gz", b);
  write_file(folder / "list", "crawl-data/x/b.warc.gz\n# a comment\n\ncrawl-data/x/a.warc.gz\n");
  const std::string command = "crawl get crawl-data/x/a.warc.gz --input-list " + (folder / "list") +
                              " --contact me@example.org --output " + (folder / "out");
  const Ran first = run(command);
  EXPECT_EQ(first.exit_code, 0) << first.out;
  EXPECT_EQ(read_file(folder / "out/crawl-data/x/a.warc.gz"), a);
  EXPECT_EQ(read_file(folder / "out/crawl-data/x/b.warc.gz"), b);
  EXPECT_NE(read_file(folder / "out/crawl-data/x/a.warc.gz.receipt.json").find(Sha256::of(a)), std::string::npos);
  EXPECT_NE(server.requests()[0].header("user-agent").find("(+me@example.org)"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 2u);
  const Ran again = run(command);
  EXPECT_NE(again.out.find("already there"), std::string::npos) << again.out;
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(CrawlCommandTest, GetsTheRestWhenOneFileFails) {
  serve("/b.warc.gz", gzip_member("b"));
  const Ran ran =
      run("crawl get missing.warc.gz b.warc.gz --connections 1 --quiet --json --output " + (folder / "out"));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("status 404"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("1 of 2 files could not be fetched"), std::string::npos) << ran.out;
  EXPECT_TRUE(fs::exists(folder / "out/b.warc.gz"));
  EXPECT_FALSE(fs::exists(folder / "out/missing.warc.gz"));
}

TEST_F(CrawlCommandTest, SendsAHostThatRefusedNothingMore) {
  serve("/a.warc.gz", "", 403);
  serve("/b.warc.gz", gzip_member("b"));
  const Ran ran = run("crawl get a.warc.gz b.warc.gz --connections 1 --output " + (folder / "out"));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_NE(ran.out.find("2 of 2 files"), std::string::npos) << ran.out;
}

TEST_F(CrawlCommandTest, RefusesMisuse) {
  const std::string out = " --output " + (folder / "out");
  EXPECT_EQ(run("crawl get" + out).exit_code, 2);
  EXPECT_EQ(run("crawl get ../../etc/x.gz" + out).exit_code, 2);
  EXPECT_EQ(run("crawl get file:///etc/passwd" + out).exit_code, 2);
  EXPECT_EQ(run("crawl get a/x.gz b/x.gz --flat" + out).exit_code, 2);
  EXPECT_EQ(run("crawl get a.gz --connections 0" + out).exit_code, 2);
  EXPECT_EQ(run("crawl get a.gz --rate fast" + out).exit_code, 2);
  EXPECT_EQ(run("crawl paths nonsense").exit_code, 2);
  EXPECT_EQ(run("crawl paths CC-MAIN-2024-22 --kind arc").exit_code, 2);
  EXPECT_EQ(run_ftok("crawl list --base-url ftp://x").exit_code, 2);
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(CrawlCommandTest, ListsModels) {
  const Ran ran = run_ftok("models list");
  EXPECT_EQ(ran.exit_code, 0);
  for (const char* name :
       {"lid.176.bin", "lid.176.ftz", "ut1", "gpt2", "cl100k_base", "o200k_base", "p50k_base", "r50k_base"}) {
    EXPECT_NE(ran.out.find(name), std::string::npos) << name;
  }
}

TEST_F(CrawlCommandTest, RefusesAModelThatIsNotWhatItMustBe) {
  write_file(folder / "lid.176.ftz", "not a model");
  const Ran file = run_ftok("models get lid.176.ftz --from " + (folder / "lid.176.ftz"));
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_NE(file.out.find("expected 8f3472cf"), std::string::npos) << file.out;
  serve("/lid.176.ftz", "not a model");
  EXPECT_EQ(run_ftok("models get lid.176.ftz --from " + server.url("/lid.176.ftz")).exit_code, 1);
  EXPECT_EQ(run_ftok("models path lid.176.ftz").exit_code, 1);
  EXPECT_NE(run_ftok("models path lid.176.ftz").out.find("ftok models get lid.176.ftz"), std::string::npos);
}

TEST_F(CrawlCommandTest, NamesTheNearestModel) {
  const Ran ran = run_ftok("models get lid.176.bim");
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.out.find("did you mean 'lid.176.bin'"), std::string::npos) << ran.out;
  EXPECT_EQ(run_ftok("models path nonsense").exit_code, 1);
}

TEST_F(CrawlCommandTest, GetsTheRealModels) {
  FTOK_NEEDS_TEST_DATA("lid/lid.176.ftz");
  const fs::path data = testing::test_data_folder();
  serve("/x/vocab.bpe", read_file((data / "tokenizer/vocab.bpe").string()));
  serve("/x/encoder.json", read_file((data / "tokenizer/encoder.json").string()));
  const Ran gpt2 = run_ftok("models get gpt2 --from " + server.url("/x/") + " 2>/dev/null");
  EXPECT_EQ(gpt2.exit_code, 0) << gpt2.out;
  EXPECT_TRUE(fs::exists(folder / "cache/models/gpt2/encoder.json"));
  EXPECT_EQ(run_ftok("models path gpt2").out, (folder / "cache/models/gpt2/vocab.bpe") + "\n");
  const Ran lid = run_ftok("models get lid.176.ftz --from " + (data / "lid/lid.176.ftz").string());
  EXPECT_EQ(lid.exit_code, 0) << lid.out;
  for (const char* name : {"cl100k_base", "o200k_base", "p50k_base", "r50k_base"}) {
    EXPECT_EQ(run_ftok(std::string("models get ") + name + " --from " + (data / "tokenizer").string()).exit_code, 0)
        << name;
  }
  EXPECT_EQ(run_ftok("models path " + (data / "lid/lid.176.ftz").string()).exit_code, 0);
}

// Those of published classifiers come without a digest: what is fetched first is recorded. The files are small models
// of their form.
TEST_F(CrawlCommandTest, GetsEachPublishedClassifierByName) {
  const fs::path seeds = testing::source_folder() / "tests/fuzz/seeds/language_model";
  const std::string model = read_file((seeds / "softmax.bin").string()),
                    other = read_file((seeds / "ova.bin").string());
  for (const std::string name :
       {"dclm-oh-eli5", "dolma-hatespeech", "dolma-nsfw", "dolma-quality", "glotlid", "textbook-quality"}) {
    EXPECT_NE(run_ftok("models path " + name).out.find("ftok models get " + name), std::string::npos) << name;
    serve("/m/" + name + ".bin", model);
    const Ran got = run_ftok("models get " + name + " --from " + server.url("/m/"));
    EXPECT_EQ(got.exit_code, 0) << name << got.out;
    const std::string path = folder / ("cache/models/" + name + ".bin");
    EXPECT_TRUE(got.out.ends_with("\n" + path + "\n")) << got.out;
    EXPECT_EQ(run_ftok("models path " + name).out, path + "\n");
    EXPECT_EQ(read_file(path), model);
    EXPECT_EQ(run_ftok("language --model " + path + " words").exit_code, 0) << name;  // it can be used
    EXPECT_EQ(run_ftok("models get " + name + " --from " + (seeds / "ova.bin").string()).exit_code, 1) << name;
    EXPECT_EQ(read_file(path), model) << name;  // another one than was recorded
  }
  EXPECT_NE(model, other);
}

TEST_F(CrawlCommandTest, UnpacksAndPinsAListOnFirstUse) {
  const auto pack = [&](const std::string& domains) {
    fs::create_directories(folder / "adult");
    write_file(folder / "adult/domains", domains);
    write_file(folder / "adult/urls", "b.example/x\n");
    write_file(folder / "adult/usage", "black\n");
    const std::string command = "tar -C " + folder.path().string() + " -czf " + (folder / "adult.tar.gz") + " adult";
    return std::system(command.c_str()) == 0;
  };
  ASSERT_TRUE(pack("a.example\n"));
  const std::string get = "models get ut1/adult --from " + (folder / "adult.tar.gz");
  EXPECT_EQ(run_ftok(get).exit_code, 0);
  EXPECT_EQ(read_file(folder / "cache/models/ut1/adult/domains"), "a.example\n");
  EXPECT_EQ(read_file(folder / "cache/models/ut1/adult/urls"), "b.example/x\n");
  EXPECT_FALSE(fs::exists(folder / "cache/models/ut1/adult/usage"));
  EXPECT_EQ(run_ftok("models path ut1/adult").out, (folder / "cache/models/ut1/adult") + "\n");

  ASSERT_TRUE(pack("changed.example\n"));
  const Ran changed = run_ftok(get);
  EXPECT_EQ(changed.exit_code, 1);
  EXPECT_NE(changed.out.find("--refresh"), std::string::npos) << changed.out;
  EXPECT_EQ(read_file(folder / "cache/models/ut1/adult/domains"), "a.example\n");
  EXPECT_EQ(run_ftok(get + " --refresh").exit_code, 0);
  EXPECT_EQ(read_file(folder / "cache/models/ut1/adult/domains"), "changed.example\n");

  write_file(folder / "adult.tar.gz", gzip_member(std::string(2000, 'x')));
  EXPECT_EQ(run_ftok(get + " --refresh").exit_code, 1);
}

// What bash would offer for a line; the last word is the one being completed.
std::string bash_offers(const std::string& words) {
  const std::string script = "source <(" + std::string(FTOK_BINARY) + " completion bash); COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _ftok; echo \"${COMPREPLY[@]}\"";
  std::FILE* pipe = ::popen(("bash -c '" + script + "' 2>&1").c_str(), "r");
  char line[4096] = "";
  if (pipe == nullptr || std::fgets(line, sizeof line, pipe) == nullptr) return "?";
  ::pclose(pipe);
  return std::string(line).substr(0, std::string(line).size() - 1);
}

TEST(CompletionCommand, OffersCommandsFlagsAndChoicesInBash) {
  EXPECT_EQ(bash_offers("ftok cra"), "crawl");
  EXPECT_EQ(bash_offers("ftok crawl \"\""), "list paths get");
  EXPECT_EQ(bash_offers("ftok crawl get --inp"), "--input-list");
  EXPECT_EQ(bash_offers("ftok crawl paths CC-MAIN-2024-22 --kind w"), "warc wet wat");
  EXPECT_EQ(bash_offers("ftok completion z"), "zsh");
  EXPECT_EQ(bash_offers("ftok --vers"), "--version");
}

TEST(CompletionCommand, NamesEveryCommandInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = run_ftok(std::string("completion ") + shell);
    EXPECT_EQ(ran.exit_code, 0);
    for (const char* word : {"crawl get", "models", "completion", "input-list", "extract"}) {
      EXPECT_NE(ran.out.find(word), std::string::npos) << shell << " " << word;
    }
  }
  EXPECT_EQ(run_ftok("completion tcsh").exit_code, 2);
}

TEST(CompletionCommand, IsReadByTheShellsThatAreHere) {
  if (std::system("command -v zsh fish >/dev/null") != 0) GTEST_SKIP() << "needs zsh and fish";
  const std::string binary = FTOK_BINARY;
  EXPECT_EQ(std::system((binary + " completion zsh | zsh -n").c_str()), 0);
  EXPECT_EQ(std::system((binary + " completion fish | fish --no-execute").c_str()), 0);
}

}  // namespace
}  // namespace ftok
