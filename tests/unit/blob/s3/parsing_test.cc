// What is read out of texts that others write: answers, addresses, credentials files.
#include <doctest/doctest.h>

#include <string>

#include "blob/s3/answers.h"
#include "blob/s3/credentials.h"
#include "blob/s3/uri.h"
#include "blob/s3/xml.h"

namespace spind::s3 {
namespace {

TEST_CASE("s3 xml: elements, references, sections and comments are read") {
  const auto root = parse_xml(
      "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- c --><s3:A xmlns:s3=\"x>y\"><B a='1'/>"
      "<C>1 &lt;&amp;&#x41;&#66; <![CDATA[<raw>&]]></C><C>2</C></s3:A>\n");
  REQUIRE(root.ok());
  CHECK(root->name == "A");
  CHECK(root->children.size() == 3);
  CHECK(root->text_of("C") == "1 <&AB <raw>&");
  CHECK(root->text_of("B").empty());
  CHECK(root->child("D") == nullptr);
  CHECK(parse_xml("<a>" + xml_escape("<&>\"'") + "</a>")->text == "<&>\"'");
}

TEST_CASE("s3 xml: what is cut, declares types or never ends is refused") {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "<a>";
  std::string wide = "<a>";
  for (std::size_t i = 0; i < kXmlElementsMax; ++i) wide += "<b/>";
  for (const std::string& text :
       {std::string(), std::string("<a>"), std::string("<a></b>"), std::string("<a>&nope;</a>"),
        std::string("<a>&#xd800;</a>"), std::string("<a>&#0;</a>"), std::string("<a"),
        std::string("<a b='"), std::string("text"), std::string("<a/>x"), std::string("</a>"),
        std::string("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), std::string("<a><![CDATA[</a>"),
        std::string("< a/>"), deep, wide + "</a>"}) {
    CAPTURE(text.substr(0, 40));
    CHECK(parse_xml(text).code() == Code::io_error);
  }
}

std::string listing(const std::string& inside, const std::string& truncated = "false") {
  return "<ListBucketResult><IsTruncated>" + truncated + "</IsTruncated>" + inside +
         "</ListBucketResult>";
}
std::string item(const std::string& key, const std::string& size = "5") {
  return "<Contents><Key>" + key + "</Key><Size>" + size + "</Size></Contents>";
}

TEST_CASE("s3 answers: a listing is believed only where it can be right") {
  const auto good = parse_listing(listing(item("p/a") + item("p/b"), "true"), "p/", "p/a-");
  CHECK(!good.ok());  // "p/a" is not behind "p/a-"
  const auto page = parse_listing(listing(item("p/a") + item("p/b", "7"), "true"), "p/", "");
  REQUIRE(page.ok());
  CHECK(page->more);
  CHECK(page->keys.at(1).name == "p/b");
  CHECK(page->keys.at(1).size_bytes == 7);
  for (const std::string& bad :
       {listing(item("p/b") + item("p/a")), listing(item("p/a") + item("p/a")),
        listing(item("q/a")), listing(item("p/a", "-1")), listing(item("p/a", "")),
        listing("", "true"), listing("", ""), listing("<Prefix>q/</Prefix>"),
        listing("<StartAfter>p/a</StartAfter>"), listing("<Marker>p/a</Marker>"),
        std::string("<Other/>"), std::string("<ListBucketResult/>")}) {
    CAPTURE(bad);
    CHECK(parse_listing(bad, "p/", "").code() == Code::io_error);
  }
  // That it answers this question need not be said, but may be.
  CHECK(parse_listing(listing("<Prefix>p/</Prefix><StartAfter/>"), "p/", "").ok());
  CHECK(
      parse_listing(listing("<Prefix>p/</Prefix><StartAfter>p/a</StartAfter>"), "p/", "p/a").ok());
}

TEST_CASE("s3 answers: an error in place of a completion is no completion") {
  CHECK(check_completed("<CompleteMultipartUploadResult/>").ok());
  CHECK(!check_completed("<Error><Code>InternalError</Code></Error>").ok());
  CHECK(!check_completed("").ok());
}

TEST_CASE("s3 answers: only a plain word is taken for the code of an error") {
  CHECK(error_code("<Error><Code>NoSuchKey</Code></Error>") == "NoSuchKey");
  CHECK(error_code("<Error><Code>two words</Code></Error>").empty());
  CHECK(error_code("<Error><Code>" + std::string(65, 'a') + "</Code></Error>").empty());
  CHECK(error_code("<html>not found</html>").empty());
}

TEST_CASE("s3 answers: ids of uploads and what was not removed are read") {
  CHECK(parse_upload_id("<InitiateMultipartUploadResult><UploadId>a+b/c</UploadId>"
                        "</InitiateMultipartUploadResult>")
            .value() == "a+b/c");
  CHECK(!parse_upload_id("<InitiateMultipartUploadResult/>").ok());
  const auto left = parse_removal(
      "<DeleteResult><Error><Key>p/a</Key><Code>AccessDenied</Code></Error></DeleteResult>");
  REQUIRE(left.ok());
  CHECK(left->at(0).code == "AccessDenied");
  const auto uploads = parse_unfinished_uploads(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>p/a</"
      "NextKeyMarker>"
      "<NextUploadIdMarker>1</NextUploadIdMarker><Upload><Key>p/a</Key><UploadId>1</UploadId>"
      "</Upload></ListMultipartUploadsResult>",
      "p/");
  REQUIRE(uploads.ok());
  CHECK(uploads->uploads.at(0).id == "1");
  CHECK(uploads->next_key == "p/a");
}

TEST_CASE("s3 answers: what a bucket does with what is removed is read") {
  const auto versioning = [](const std::string& status) {
    return parse_versioning("<VersioningConfiguration>" + status + "</VersioningConfiguration>");
  };
  CHECK(versioning("").value() == Versioning::off);
  CHECK(versioning("<Status>Enabled</Status>").value() == Versioning::on);
  CHECK(versioning("<Status>Suspended</Status>").value() == Versioning::suspended);
  CHECK(!versioning("<Status>Perhaps</Status>").ok());
  CHECK(!parse_versioning("<ListBucketResult></ListBucketResult>").ok());

  const auto lock = [](const std::string& kept) {
    return parse_object_lock(
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" + kept +
        "</ObjectLockConfiguration>");
  };
  const auto kept = [&](const std::string& time) {
    return lock("<Rule><DefaultRetention><Mode>GOVERNANCE</Mode>" + time +
                "</DefaultRetention></Rule>");
  };
  CHECK(lock("").value().on);
  CHECK(lock("").value().retention.empty());
  CHECK(kept("<Days>30</Days>").value().retention == "GOVERNANCE for 30 days");
  CHECK(kept("<Years>1</Years>").value().retention == "GOVERNANCE for 1 year");
  CHECK(!kept("").ok());
  CHECK(!kept("<Days>many</Days>").ok());
  CHECK(!parse_object_lock("<ObjectLockConfiguration/>").value().on);
}

TEST_CASE("s3 addresses: endpoints, buckets and prefixes") {
  CHECK(parse_endpoint("https://S3.example.org:443/")->host == "s3.example.org");
  CHECK(parse_endpoint("https://s3.example.org:9000")->host == "s3.example.org:9000");
  CHECK(parse_endpoint("http://[::1]:9000")->host == "[::1]:9000");
  CHECK(!parse_endpoint("http://127.0.0.1")->tls);
  for (const std::string_view bad :
       {"", "s3.example.org", "ftp://a", "https://", "https://a/b", "https://user:secret@a",
        "http://a:0", "http://a:70000", "http://a b", "http://a?b", "http://a\r\nx: y"}) {
    CAPTURE(bad);
    const auto refused = parse_endpoint(bad);
    CHECK(refused.code() == Code::invalid_argument);
    CHECK(refused.error().to_string().find("secret") == std::string::npos);
  }
  const auto options = parse_s3_url("s3://school-bytes/a/b/");
  REQUIRE(options.ok());
  CHECK(options->bucket == "school-bytes");
  CHECK(options->prefix == "a/b");
  CHECK(parse_s3_url("s3://school-bytes")->prefix.empty());
  for (const std::string_view bad : {"school", "s3://", "s3://ab", "s3://-abc", "s3://a..b",
                                     "s3://ABC", "s3://abc//d", "s3://abc/../d", "s3://abc/\n"}) {
    CAPTURE(bad);
    CHECK(parse_s3_url(bad).code() == Code::invalid_argument);
  }
}

TEST_CASE("s3 credentials: a profile is read out of a shared file") {
  constexpr std::string_view kFile =
      "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=S=1\r\n\n"
      "[ other ]\naws_access_key_id=B\naws_secret_access_key=T\naws_session_token = U\n[half]\n"
      "aws_access_key_id=C\n";
  const auto usual = parse_credentials_file(kFile, "default");
  REQUIRE(usual.ok());
  CHECK(usual->access_key == "A");
  CHECK(usual->secret_key == "S=1");
  CHECK(usual->session_token.empty());
  CHECK(parse_credentials_file(kFile, "other")->session_token == "U");
  CHECK(parse_credentials_file(kFile, "none").code() == Code::not_found);
  CHECK(parse_credentials_file(kFile, "half").code() == Code::invalid_argument);
}

TEST_CASE("s3 credentials: keys that cannot stand in a header are refused") {
  CHECK(check_credentials({.access_key = "A", .secret_key = "S"}).ok());
  for (const S3Credentials& bad :
       {S3Credentials{}, S3Credentials{.access_key = "A"},
        S3Credentials{.access_key = "A\r\nx: y", .secret_key = "S"},
        S3Credentials{.access_key = "A", .secret_key = "S", .session_token = "a b"}}) {
    CHECK(check_credentials(bad).code() == Code::unauthenticated);
  }
}

}  // namespace
}  // namespace spind::s3
