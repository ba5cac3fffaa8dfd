// Signatures against Amazon's published examples, and what the settings say. Whole stores: tests/pipeline/s3_checks.py.
#include "crawl/s3.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "crawl/s3/client.h"
#include "crawl/s3/credentials.h"
#include "crawl/s3/signer.h"
#include "tests/support/http_server.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// "Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference: Examples.
const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const auto kExampleTime = std::chrono::system_clock::from_time_t(1369353600);  // 2013-05-24T00:00:00Z

std::string signature_of(const S3Request& request, const S3Credentials& credentials = kExample) {
  const std::string last = sign_s3_request(request, credentials, "us-east-1", kExampleTime).back();
  return last.substr(last.find("Signature=") + 10);
}

S3Request example() {
  S3Request request;
  request.host = "examplebucket.s3.amazonaws.com";
  request.body_sha256 = kNoBodySha256;
  return request;
}

TEST(S3Signer, GetObject) {
  S3Request request = example();
  request.path = "/test.txt";
  request.headers = {{"range", "bytes=0-9"}};
  EXPECT_EQ(signature_of(request), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signer, PutObject) {
  S3Request request = example();
  request.method = "PUT";
  request.path = "/test$file.text";
  request.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  request.body_sha256 = Sha256::of("Welcome to Amazon S3.");
  EXPECT_EQ(signature_of(request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signer, GetBucketLifecycle) {
  S3Request request = example();
  request.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature_of(request), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signer, ListObjectsInAnyOrderOfTheQuery) {
  S3Request request = example();
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature_of(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  EXPECT_EQ(s3_target(request), "/?max-keys=2&prefix=J");
}

TEST(S3Signer, SignsTheSessionToken) {
  S3Credentials temporary = kExample;
  temporary.session_token = "token";
  const auto headers = sign_s3_request(example(), temporary, "us-east-1", kExampleTime);
  EXPECT_EQ(headers[headers.size() - 2], "x-amz-security-token: token");
  EXPECT_NE(headers.back().find(";x-amz-security-token,"), std::string::npos);
  EXPECT_NE(signature_of(example(), temporary), signature_of(example()));
}

TEST(S3Signer, EncodesKeys) {
  EXPECT_EQ(percent_encoded("a b+c/\xC3\xBC~", true), "a%20b%2Bc/%C3%BC~");
  EXPECT_EQ(percent_encoded("a/b", false), "a%2Fb");
}

TEST(S3Address, Parts) {
  const S3Address address = parse_s3_address("s3://some-bucket/a/b c.gz");
  EXPECT_EQ(address.bucket, "some-bucket");
  EXPECT_EQ(address.key, "a/b c.gz");
  EXPECT_EQ(address.text(), "s3://some-bucket/a/b c.gz");
  EXPECT_EQ(parse_s3_address("s3://abc").key, "");
  EXPECT_EQ(parse_s3_address("s3://abc/" + std::string(1024, 'k')).key.size(), 1024u);
}

TEST(S3Address, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("s3://ab/k"), std::string("s3://"), std::string("s3://Upper/k"), std::string("s3://a_b_c/k"),
        std::string("s3:/abc/k"), "s3://" + std::string(64, 'a'), "s3://abc/" + std::string(1025, 'k')}) {
    EXPECT_THROW(parse_s3_address(text), UsageError) << text;
  }
}

TEST(S3Xml, TextAndElements) {
  const std::string_view xml =
      "<R><C><Key>a&amp;b</Key></C><C><Key>c&quot;&lt;</Key></C><IsTruncated>true</IsTruncated></R>";
  const auto elements = xml_elements(xml, "C");
  ASSERT_EQ(elements.size(), 2u);
  EXPECT_EQ(xml_text(elements[0], "Key"), "a&b");
  EXPECT_EQ(xml_text(elements[1], "Key"), "c\"<");
  EXPECT_EQ(xml_text(xml, "IsTruncated"), "true");
  EXPECT_EQ(xml_text(xml, "Token"), "");
  EXPECT_TRUE(xml_elements("<C><Key>cut", "C").empty());
}

TEST(S3Settings, FilesInTheirForm) {
  const S3Profiles profiles = parse_s3_profiles(
      "# comment\n[default]\r\naws_access_key_id = A\naws_secret_access_key=B = C\nnot a setting\n"
      "[profile work]\nregion = eu-west-1\ns3 =\n  endpoint_url = nested\n; comment\n[other]\n");
  EXPECT_EQ(profiles.at("default").at("aws_access_key_id"), "A");
  EXPECT_EQ(profiles.at("default").at("aws_secret_access_key"), "B = C");
  EXPECT_EQ(profiles.at("work").at("region"), "eu-west-1");
  EXPECT_EQ(profiles.at("work").count("endpoint_url"), 0u);
  EXPECT_TRUE(profiles.at("other").empty());
  EXPECT_EQ(parse_s3_profiles("\xEF\xBB\xBF[default]\r\nregion = us-east-1\r\n").at("default").at("region"),
            "us-east-1");
}

TEST(S3Settings, MetadataAnswers) {
  const auto found = parse_s3_metadata_credentials(
      R"({"AccessKeyId": "A", "SecretAccessKey": "B", "Token": "C", "Expiration": "2013-05-24T00:00:00Z"})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->credentials.access_key, "A");
  EXPECT_EQ(found->credentials.secret_key, "B");
  EXPECT_EQ(found->credentials.session_token, "C");
  EXPECT_EQ(found->expires, kExampleTime);
  EXPECT_FALSE(parse_s3_metadata_credentials("<html>"));
  EXPECT_FALSE(parse_s3_metadata_credentials(R"({"AccessKeyId": "A"})"));
}

// Each test in ctest is a process of its own, so that the environment is this test's.
class S3Environment : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
                             "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}) {
      ::unsetenv(name);
    }
    ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    write("credentials",
          "[default]\naws_access_key_id = file\naws_secret_access_key = secret\n"
          "[work]\naws_access_key_id = work\naws_secret_access_key = secret\n");
    write("config", "[default]\nregion = eu-central-1\n[profile work]\nregion = eu-west-1\n");
  }

  // In a process of its own: an S3Store reads the environment once a process.
  void alone(const std::function<void()>& body) const {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto remove_folder = [this] { std::filesystem::remove_all(folder_.path()); };  // the child's own
    EXPECT_EXIT((body(), remove_folder(), std::exit(HasFailure() ? 1 : 0)), ::testing::ExitedWithCode(0), "");
  }

  void write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    write_file(path, text);
    ::setenv(name == "config" ? "AWS_CONFIG_FILE" : "AWS_SHARED_CREDENTIALS_FILE", path.c_str(), 1);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(S3Environment, FileThenProfileThenVariables) {
  EXPECT_EQ(S3Settings().credentials().access_key, "file");
  EXPECT_EQ(S3Settings().region(), "eu-central-1");
  ::setenv("AWS_PROFILE", "work", 1);
  EXPECT_EQ(S3Settings().credentials().access_key, "work");
  EXPECT_EQ(S3Settings().region(), "eu-west-1");
  ::setenv("AWS_ACCESS_KEY_ID", "variable", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  ::setenv("AWS_REGION", "us-west-2", 1);
  EXPECT_EQ(S3Settings().credentials().access_key, "variable");
  EXPECT_EQ(S3Settings().region(), "us-west-2");
}

TEST_F(S3Environment, NoneAtAll) {
  write("credentials", "");
  EXPECT_TRUE(S3Settings().credentials().empty());
}

TEST_F(S3Environment, EndpointIsAnAddress) {
  ::setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/", 1);
  EXPECT_EQ(S3Settings().endpoint(), "http://127.0.0.1:9000");
  ::setenv("AWS_ENDPOINT_URL_S3", "ftp://127.0.0.1", 1);
  EXPECT_THROW(S3Settings(), UsageError);
}

TEST_F(S3Environment, ContainerCredentialsComeFromThisMachineOrOverTls) {
  write("credentials", "");
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/credentials", 1);
  EXPECT_THROW(S3Settings().credentials(), UsageError);
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.org/credentials", 1);
  EXPECT_THROW(S3Settings().credentials(), UsageError);
}

// What a metadata service says of credentials that expire so long from now.
std::string expiring_in(std::chrono::seconds left) {
  const std::time_t at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + left);
  std::tm utc{};
  ::gmtime_r(&at, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return std::string(R"({"AccessKeyId": "A", "SecretAccessKey": "B", "Expiration": ")") + text + "\"}";
}

TEST_F(S3Environment, WhatIsStillGoodOutlastsAServiceThatDoesNotAnswer) {
  write("credentials", "");
  testing::HttpServer server;
  server.serve("/soon",
               std::vector<testing::Behaviour>{{.body = expiring_in(std::chrono::seconds(120))}, {.status = 500}});
  server.serve("/over",
               std::vector<testing::Behaviour>{{.body = expiring_in(std::chrono::seconds(-120))}, {.status = 500}});
  S3Settings soon, over;
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/soon").c_str(), 1);
  EXPECT_EQ(soon.credentials().access_key, "A");
  EXPECT_EQ(soon.credentials().access_key, "A");
  EXPECT_EQ(server.requests("/soon").size(), 2U);  // it was asked again
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/over").c_str(), 1);
  EXPECT_EQ(over.credentials().access_key, "A");
  EXPECT_TRUE(over.credentials().empty());
}

constexpr uint64_t kCopyPart = uint64_t{5} << 20;

TEST_F(S3Environment, CopiesInOneRequest) {
  alone([&] {
    testing::HttpServer server;
    ::setenv("AWS_ENDPOINT_URL", server.base_url().c_str(), 1);
    server.serve("/corpus/to", {.body = "<CopyObjectResult><ETag>\"1\"</ETag></CopyObjectResult>"});
    S3Store().copy({"corpus", "from a+b"}, {"corpus", "to"}, kCopyPart, kCopyPart);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].method, "PUT");
    EXPECT_EQ(requests[0].header("x-amz-copy-source"), "/corpus/from%20a%2Bb");
    EXPECT_EQ(requests[0].header("content-length"), "0");
  });
}

TEST_F(S3Environment, CopiesInPartsWhatStoresDoNotTakeAtOnce) {
  alone([&] {
    testing::HttpServer server;
    ::setenv("AWS_ENDPOINT_URL", server.base_url().c_str(), 1);
    server.serve("/corpus/to?uploads=", {.body = "<UploadId>u</UploadId>"});
    const testing::Behaviour copied{.body = "<CopyPartResult><ETag>\"1\"</ETag></CopyPartResult>"};
    server.serve("/corpus/to?partNumber=1&uploadId=u", copied);
    server.serve("/corpus/to?partNumber=2&uploadId=u", copied);
    server.serve("/corpus/to?uploadId=u", {.body = "<CompleteMultipartUploadResult/>"});
    S3Store().copy({"corpus", "from"}, {"corpus", "to"}, kCopyPart + 1, kCopyPart);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_EQ(requests[1].header("x-amz-copy-source-range"), "bytes=0-5242879");
    EXPECT_EQ(requests[2].header("x-amz-copy-source-range"), "bytes=5242880-5242880");
    EXPECT_EQ(requests[2].header("x-amz-copy-source"), "/corpus/from");
    EXPECT_EQ(requests[3].method, "POST");
  });
}

TEST_F(S3Environment, WhatAStoreDoesNotCopyIsAnError) {
  alone([&] {
    testing::HttpServer server;
    ::setenv("AWS_ENDPOINT_URL", server.base_url().c_str(), 1);
    server.serve("/corpus/to", {.body = "<Error><Code>AccessDenied</Code></Error>"});
    server.serve("/corpus/empty", {.body = ""});
    EXPECT_THROW(S3Store().copy({"corpus", "from"}, {"corpus", "to"}, 1), Error);
    EXPECT_THROW(S3Store().copy({"corpus", "from"}, {"corpus", "empty"}, 1), Error);
    EXPECT_THROW(S3Store().copy({"corpus", "from"}, {"corpus", "none"}, 1), Error);  // 404
  });
}

TEST_F(S3Environment, WithoutCredentialsNothingIsAsked) {
  alone([&] {
    write("credentials", "");
    EXPECT_THROW(S3Store().check("s3://corpus/x"), AccessRefused);
    EXPECT_NO_THROW(S3Store().check("s3://commoncrawl/x"));
    try {
      S3Store().find({"corpus", "x"});
      FAIL();
    } catch (const AccessRefused& error) {
      EXPECT_EQ(error.exit_code(), UsageError("").exit_code());
    }
  });
}

}  // namespace
}  // namespace ftok
