#include "engine/event/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/event/internal/compiled_plan.h"
#include "engine/event/internal/finish.h"
#include "engine/event/internal/json_tokens.h"
#include "engine/event/internal/split.h"
#include "engine/event/internal/walker.h"

namespace tocsin::event {
namespace {

constexpr size_t kMaxInnerEnvelopes = 8;   // one inside another; below those an element is nested too deep

constexpr char kTooLong[] = "longer than max_event";
constexpr char kNoObject[] = "not an event: no JSON object";
constexpr char kNoEvents[] = "an array of something else than events";
constexpr char kTrailing[] = "not JSON: something behind the event";
constexpr char kNotDelimited[] = "not JSON: what follows cannot be told apart";

}  // namespace

class Reader::Impl {
 public:
  Impl(std::shared_ptr<const Plan> plan, const InputTable& inputs)
      : plan_(std::move(plan)), compiled_(static_cast<const CompiledPlan&>(*plan_)), inputs_(inputs), walker_(compiled_.field_count(), tokens_), finisher_(compiled_, walker_, tokens_) {
    counters_.by_source.resize(compiled_.content().sources.size());
  }

  void Start(const Batch& batch) {
    batch_ = &batch;
    next_document_ = 0;
    mode_ = Mode::kNone;
    rest_ = {};
  }

  bool Next() {
    for (;;) {
      switch (mode_) {
        case Mode::kNone:
          if (!NextDocument()) return false;
          break;
        case Mode::kValue:
          if (TakeValue()) return true;
          break;
        case Mode::kElements:
          if (TakeElement()) return true;
          break;
      }
    }
  }

  const EventView& event() const { return event_; }
  void Finish() { finisher_.FinishRest(event_); }
  std::vector<BadRecord> TakeBad() { return std::exchange(bad_, {}); }
  const ReaderCounters& counters() const { return counters_; }
  void set_next_number(uint64_t number) { number_ = number; }
  uint64_t next_number() const { return number_; }

 private:
  using Token = JsonTokens::Token;

  // kNone: between documents. kValue: `rest_` begins with a value that is not yet parsed. kElements: inside an array of events.
  enum class Mode : uint8_t { kNone, kValue, kElements };

  static void Prefetch(std::string_view text) {
    constexpr size_t kLine = 64, kLines = 8;   // behind those the processor goes on by itself
    for (size_t at = 0; at < std::min(text.size(), kLines * kLine); at += kLine) __builtin_prefetch(text.data() + at);
  }

  bool NextDocument() {
    if (next_document_ == batch_->documents.size()) return false;
    document_ = &batch_->documents[next_document_++];
    counters_.bytes += document_->size;
    // A batch was written long ago: its next document is called for while this one is read.
    if (next_document_ < batch_->documents.size()) Prefetch(batch_->text(batch_->documents[next_document_]));
    index_ = 0;
    line_from_ = nullptr;
    inner_ends_.clear();
    rest_ = TrimJson(batch_->text(*document_));
    mode_ = rest_.empty() ? Mode::kNone : Mode::kValue;
    alone_ = false;
    return true;
  }

  // One value at the front of rest_: an event, or an array or envelope of them.
  bool TakeValue() {
    rest_ = TrimJson(rest_);
    if (rest_.empty()) return EndDocument();
    if (rest_.front() != '{' && rest_.front() != '[') return FailRest(kNoObject);
    // Values one after the other are delimited first: parsing the whole rest for each would be quadratic.
    std::string_view text = rest_;
    if (alone_) {
      const size_t size = BracketedSize(rest_);
      if (size == 0) return FailRest(kNotDelimited);
      text = rest_.substr(0, size);
    }
    if (!tokens_.Find(text)) return FailValue(text, tokens_.reason());
    value_ = text;
    return text.front() == '[' ? OpenElements(tokens_.begin(), /*in_envelope=*/false) : TakeRootObject();
  }

  bool TakeRootObject() {
    const Token root = tokens_.begin();
    BeginEvent();
    Token end = WalkGuess(root, /*wrappings=*/compiled_.options.recognise);
    if (end == nullptr) return FailValue(value_, tokens_.reason());
    if (const TrieEdge* const edge = walker_.wrapping_edge()) {
      if (edge->unwrap) return NextEnvelopeArray(root + 1);
      end = WalkEnvelope(root, *edge);
      if (end == nullptr) return FailValue(value_, tokens_.reason());
    }
    // What follows the object decides whether this text is an event at all.
    const std::string_view raw = TextBetween(root, end);
    const std::string_view behind = TrimJson(value_.substr(raw.size()));
    if (!behind.empty() && behind.front() != '{' && behind.front() != '[') return FailValue(value_, kTrailing);
    if (raw.size() > kMaxEventBytes) return FailValue(raw, kTooLong);
    Complete(root, raw);
    Advance(raw.size());
    alone_ = true;  // whatever follows is another value in the same text
    return true;
  }

  // {"Records": [...]}: an envelope's arrays are opened one by one, from a key of it on; one that names its array twice gives
  // both.
  bool NextEnvelopeArray(Token at) {
    const Trie& trie = compiled_.source(guess_).trie;
    for (;;) {
      if (!tokens_.IsKey(at)) {
        tokens_.FailKey(at);
        return FailEnvelope(at);
      }
      std::string_view key;
      if (!tokens_.Text(at, &key)) return FailEnvelope(at);
      const TrieEdge* const edge = trie.Find(trie.node(Trie::kRoot), key);
      at += 2;
      if (edge != nullptr && edge->unwrap && at < tokens_.end() && tokens_.At(at) == '[') {
        return OpenElements(at, /*in_envelope=*/true);
      }
      const Token end = tokens_.Skip(at, 1);
      if (end == nullptr) return FailEnvelope(at);
      if (end < tokens_.end() && tokens_.At(end) == '}') return EndWrapping(end + 1);
      if (end >= tokens_.end() || tokens_.At(end) != ',') {
        tokens_.FailKey(end);
        return FailEnvelope(end);
      }
      at = end + 1;
    }
  }

  // Of an array or envelope of events.
  bool EndWrapping(Token end) {
    Advance(TextBetween(tokens_.begin(), end).size());
    alone_ = true;  // whatever follows is another value in the same text
    return false;
  }

  // Behind an array whose events were read (up to the first, the walk has seen that all is well): those stay; what follows them
  // is bad as one.
  bool FailEnvelope(Token at) {
    const size_t size = BracketedSize(value_);
    const char* const bad = PlaceOf(at);
    const size_t whole = size == 0 ? value_.size() : size;
    AddBad(bad, value_.substr(static_cast<size_t>(bad - value_.data()), whole - std::min(whole, static_cast<size_t>(bad - value_.data()))), tokens_.reason());
    Advance(whole);
    alone_ = true;
    return false;
  }

  bool OpenElements(Token array, bool in_envelope) {
    in_envelope_ = in_envelope;
    at_ = array + 1;
    mode_ = Mode::kElements;
    first_element_ = true;
    return false;
  }

  bool TakeElement() {
    const bool first = std::exchange(first_element_, false);
    if (at_ < tokens_.end() && tokens_.At(at_) == ']') return EndElements(at_ + 1);
    if (!first) {
      if (at_ >= tokens_.end() || tokens_.At(at_) != ',') return FailElements(at_ >= tokens_.end() ? reason::kOpenBrackets : reason::kNotJson, PlaceOf(at_));
      at_++;
    }
    const Token element = at_;
    const char* const begin = PlaceOf(element);
    if (element >= tokens_.end()) return FailElements(reason::kOpenBrackets, begin);
    if (tokens_.At(element) != '{') {
      // An array that begins with something else is no array of events: one bad record, not one an element.
      if (first && !in_envelope_) return FailValue(value_, kNoEvents);
      // Those side by side are one bad record: a document may hold millions.
      Token end = element;
      for (;;) {
        end = tokens_.Skip(end, 1);
        if (end == nullptr) return FailElements(tokens_.reason(), begin);
        const bool another = end + 1 < tokens_.end() && tokens_.At(end) == ',' && tokens_.At(end + 1) != '{';
        if (!another) break;
        end++;
      }
      at_ = end;
      AddBad(begin, TrimJson({begin, static_cast<size_t>(PlaceOf(end) - begin)}), kNoObject);
      return false;
    }
    BeginEvent();
    Token end = WalkGuess(element, /*wrappings=*/compiled_.options.recognise);
    if (end == nullptr) return FailElements(tokens_.reason(), begin);
    if (const TrieEdge* const edge = walker_.wrapping_edge()) {
      if (edge->unwrap) {
        // An envelope inside an array: its own text, read by itself. Each level is looked through once more, so there are few.
        const size_t size = BracketedSize({begin, static_cast<size_t>(value_.data() + value_.size() - begin)});
        if (size == 0) return FailElements(reason::kOpenBrackets, begin);
        while (!inner_ends_.empty() && begin >= inner_ends_.back()) inner_ends_.pop_back();
        if (inner_ends_.size() < kMaxInnerEnvelopes) {
          inner_ends_.push_back(begin + size);
          return ReadPieces(begin);
        }
        AddBad(begin, {begin, size}, reason::kTooDeep);
        ReadPieces(begin + size);
        SkipSeparators();
        return false;
      }
      end = WalkEnvelope(element, *edge);
      if (end == nullptr) return FailElements(tokens_.reason(), begin);
    }
    const std::string_view raw = TextBetween(element, end);
    at_ = end;
    if (raw.size() > kMaxEventBytes) {
      AddBad(begin, raw, kTooLong);
      return false;
    }
    Complete(element, raw);
    return true;
  }

  // `end` is behind the closing bracket.
  bool EndElements(Token end) {
    if (!in_envelope_) return EndWrapping(end);
    if (end < tokens_.end() && tokens_.At(end) == '}') return EndWrapping(end + 1);
    if (end < tokens_.end() && tokens_.At(end) == ',') return NextEnvelopeArray(end + 1);
    tokens_.FailKey(end);
    return FailEnvelope(end);
  }

  // An element that cannot be read: what follows it is delimited by brackets and read one by one.
  bool FailElements(const char* reason, const char* at) {
    const char* const end = value_.data() + value_.size();
    const size_t size = *at == '{' || *at == '[' ? BracketedSize({at, static_cast<size_t>(end - at)}) : 0;
    if (size == 0) {
      // Not even its end is known; nothing behind it can be told apart.
      AddBad(at, {at, static_cast<size_t>(end - at)}, reason);
      mode_ = Mode::kValue;
      Advance(value_.size());
      return false;
    }
    // At the element itself, which is then refused by itself or read after all.
    return ReadPieces(at);
  }

  // Goes on value by value from `at`, passing over commas and the closing brackets of what was around.
  bool ReadPieces(const char* at) {
    pieces_ = true;
    alone_ = true;
    mode_ = Mode::kValue;
    rest_.remove_prefix(static_cast<size_t>(at - rest_.data()));
    return false;
  }

  void Advance(size_t size) {
    rest_.remove_prefix(static_cast<size_t>(value_.data() - rest_.data()) + size);
    mode_ = Mode::kValue;
    if (pieces_) SkipSeparators();
  }

  void SkipSeparators() {
    while (!rest_.empty() && (IsJsonBlank(rest_.front()) || rest_.front() == ',' || rest_.front() == ']' || rest_.front() == '}')) rest_.remove_prefix(1);
  }

  bool EndDocument() {
    mode_ = Mode::kNone;
    pieces_ = false;
    return false;
  }

  // One value is bad; in a text of several, those behind it are tried.
  bool FailValue(std::string_view text, const char* reason) {
    const size_t size = text.size() == rest_.size() || text.data() != rest_.data() ? BracketedSize(rest_) : text.size();
    const bool more = size > 0 && size < rest_.size() && LooksLikeValue(rest_.substr(size));
    if (!more && !pieces_) {
      if (const char* elements = FirstElement(rest_)) return ReadPieces(elements);
    }
    if (!more) return FailRest(size > 0 && size < rest_.size() && !pieces_ ? kTrailing : reason);
    if (!alone_) {
      // The whole text could not be parsed at once: perhaps this value can, by itself.
      alone_ = true;
      mode_ = Mode::kValue;
      return false;
    }
    AddBad(rest_.data(), rest_.substr(0, size), reason);
    rest_.remove_prefix(size);
    if (pieces_) SkipSeparators();
    mode_ = Mode::kValue;
    return false;
  }

  // Where the events of an array or an envelope begin, in a text that cannot be parsed as a whole; null when it is neither.
  const char* FirstElement(std::string_view text) const {
    size_t at = std::string_view::npos;
    if (text.front() == '[') at = 0;
    for (const content::SourceDef& source : compiled_.content().sources) {
      for (const std::string& key : source.unwrap) {
        if (at != std::string_view::npos) break;
        const size_t found = text.find('"' + key + '"');
        if (found == std::string_view::npos) continue;
        const size_t colon = text.find_first_not_of(" \t\r\n", found + key.size() + 2);
        const size_t open = colon == std::string_view::npos || text[colon] != ':' ? colon : text.find_first_not_of(" \t\r\n", colon + 1);
        if (open != std::string_view::npos && text[open] == '[') at = open;
      }
    }
    if (at == std::string_view::npos) return nullptr;
    const size_t first = text.find_first_not_of(" \t\r\n", at + 1);
    return first == std::string_view::npos || text[first] != '{' ? nullptr : text.data() + first;
  }

  bool LooksLikeValue(std::string_view text) const {
    while (!text.empty() && (IsJsonBlank(text.front()) || (pieces_ && (text.front() == ',' || text.front() == ']' || text.front() == '}')))) text.remove_prefix(1);
    return !text.empty() && (text.front() == '{' || text.front() == '[');
  }

  bool FailRest(const char* reason) {
    AddBad(rest_.data(), rest_, reason);
    rest_ = {};
    return EndDocument();
  }

  void AddBad(const char* at, std::string_view text, const char* reason) {
    BadRecord bad;
    bad.input = batch_->input;
    const char* const document_begin = batch_->text(*document_).data();
    bad.offset = document_->line > 0 || at == document_begin ? document_->offset + static_cast<uint64_t>(at - document_begin) : document_->offset;
    bad.line = LineOf(at);
    bad.reason = reason;
    bad.bytes = std::string(text.substr(0, kBadBytesKept));
    bad.size = text.size();
    bad_.push_back(std::move(bad));
    counters_.bad++;
    number_++;
  }

  // Lines are counted only where somebody is told of one, and on from there.
  uint32_t LineOf(const char* at) {
    if (document_->line == 0) return 0;
    if (line_from_ == nullptr || at < line_from_) {
      line_from_ = batch_->text(*document_).data();
      line_ = document_->line;
    }
    for (const char* p = line_from_; (p = static_cast<const char*>(memchr(p, '\n', static_cast<size_t>(at - p)))) != nullptr; p++) line_++;
    line_from_ = at;
    return line_;
  }

  // Where a token stands; the end of the text for the one behind all.
  const char* PlaceOf(Token at) const { return at < tokens_.end() ? tokens_.Place(at) : value_.data() + value_.size(); }
  // From a bracket that opens to behind the one that closes it. REQUIRES: `end` is behind that.
  std::string_view TextBetween(Token begin, Token end) const {
    const char* const text = tokens_.Place(begin);
    return {text, static_cast<size_t>(tokens_.Place(end - 1) + 1 - text)};
  }

  void BeginEvent() {
    walker_.Begin();
    finisher_.Begin();
    envelope_headers_.clear();
    body_ = nullptr;
    event_ = EventView();
    event_.input = batch_->input;
    const Input& input = inputs_[batch_->input.value()];
    event_.folder = input.folder;
    event_.headers = {batch_->headers.data() + document_->first_header, document_->headers};
    event_.transport = document_->transport;
  }

  // Walks the event at `root` as one of the source that is guessed.
  Token WalkGuess(Token root, bool wrappings) {
    const CompiledSource& source = compiled_.source(guess_);
    return walker_.WalkRoot(source.trie, root, source.leaves, wrappings);
  }

  // The value of the first member of that name in an object whose grammar is checked; null when there is none.
  Token Member(Token object, std::string_view name) {
    for (Token at = object + 1; tokens_.At(at) == '"';) {
      std::string_view key;
      if (!tokens_.Text(at, &key)) return nullptr;
      if (key == name) return at + 2;
      at = tokens_.Skip(at + 2, 1);
      if (tokens_.At(at) == ',') at++;
    }
    return nullptr;
  }
  Token ObjectMember(Token object, std::string_view name) {
    const Token value = Member(object, name);
    return value != nullptr && tokens_.At(value) == '{' ? value : nullptr;
  }

  // {"headers": {...}, "payload": {...}}: the body's fields are the event's, the headers are transport fields.
  Token WalkEnvelope(Token root, const TrieEdge& edge) {
    const WebhookEnvelope& envelope = compiled_.envelopes[static_cast<size_t>(edge.envelope)];
    const Token end = tokens_.Skip(root, 0);
    if (end == nullptr) return nullptr;
    const Token headers = ObjectMember(root, envelope.headers);
    body_ = ObjectMember(root, envelope.body);
    if (headers == nullptr || body_ == nullptr) {   // no envelope after all
      body_ = nullptr;
      walker_.Begin();
      return WalkGuess(root, /*wrappings=*/false);
    }
    for (Token at = headers + 1; tokens_.At(at) == '"';) {
      std::string_view name, value;
      if (!tokens_.Text(at, &name)) return nullptr;
      at += 2;
      // A header with another kind of value names nothing.
      if (tokens_.At(at) == '"' && tokens_.Text(at, &value)) envelope_headers_.push_back({name, value});
      at = tokens_.Skip(at, 2);
      if (tokens_.At(at) == ',') at++;
    }
    const Token received = envelope.received_at.empty() ? nullptr : Member(root, envelope.received_at);
    if (received != nullptr && tokens_.At(received) != '{' && tokens_.At(received) != '[') {
      std::string_view text;
      if (tokens_.At(received) != '"') text = tokens_.Scalar(received);
      else if (!tokens_.Text(received, &text)) return nullptr;
      const ParsedTime parsed = ParseTime(text);
      if (parsed.time.known()) event_.transport = parsed.time;
    }
    event_.body = TextBetween(body_, tokens_.Skip(body_, 1));
    WalkBody(root);
    return end;
  }

  void WalkBody(Token root) {
    walker_.Begin();
    WalkGuess(body_, /*wrappings=*/false);
    if (!compiled_.source(guess_).leaves) return;
    for (Token at = root + 1; tokens_.At(at) == '"';) {
      at += 2;
      at = at == body_ ? tokens_.Skip(at, 1) : walker_.WalkLeaves(at);
      if (tokens_.At(at) == ',') at++;
    }
  }

  // From filled slots to an event: the guess is proven or the walk repeated with the right trie. REQUIRES: the grammar of what is
  // at `root` is checked.
  void Complete(Token root, std::string_view raw) {
    event_.raw = raw;
    event_.plain = tokens_.Plain(raw);
    if (body_ == nullptr) event_.body = raw;
    finisher_.FillTransport(envelope_headers_, event_);
    bool ambiguous = false;
    const SourceId source = finisher_.Recognise(event_, inputs_[batch_->input.value()].source, &ambiguous);
    if (source != guess_) {
      guess_ = source;
      counters_.second_walks++;
      if (body_ != nullptr) {
        WalkBody(root);
      } else {
        walker_.Begin();
        WalkGuess(root, /*wrappings=*/false);
      }
      finisher_.FillTransport(envelope_headers_, event_);
    }
    event_.source = source;
    event_.flags.ambiguous_source = ambiguous;
    event_.flags.duplicate_key = walker_.duplicate_key();
    event_.number = number_++;
    const char* const document_begin = batch_->text(*document_).data();
    // A message keeps its offset; inside a file every event has its own.
    event_.offset = document_->line > 0 ? document_->offset + static_cast<uint64_t>(raw.data() - document_begin) : document_->offset;
    event_.index = index_++;
    event_.line = document_->line;
    finisher_.Finish(event_);
    Count();
  }

  void Count() {
    counters_.events++;
    if (event_.source.valid()) counters_.by_source[event_.source.value()]++;
    else counters_.unknown_source++;
    counters_.no_time += event_.flags.no_time;
    counters_.time_inferred += event_.flags.time_inferred;
    counters_.future_time += event_.flags.future;
    counters_.duplicate_key += event_.flags.duplicate_key;
    counters_.ambiguous_source += event_.flags.ambiguous_source;
    counters_.depth_limit += walker_.depth_limit();
    counters_.value_limit += walker_.value_limit();
  }

  const std::shared_ptr<const Plan> plan_;
  const CompiledPlan& compiled_;
  const InputTable& inputs_;
  JsonTokens tokens_;
  Walker walker_;
  Finisher finisher_;
  SourceId guess_;                       // source of the event before

  const Batch* batch_ = nullptr;
  size_t next_document_ = 0;
  const Document* document_ = nullptr;
  Mode mode_ = Mode::kNone;
  std::string_view rest_;                // of the document: what has not been taken up
  std::string_view value_;               // the text that tokens_ are of; begins with a value
  bool alone_ = false;                   // values of this document are delimited before they are parsed
  bool pieces_ = false;                  // they are elements of something broken: separators lie between them
  Token at_ = nullptr;                   // kElements: behind the last element
  bool first_element_ = false, in_envelope_ = false;
  std::vector<const char*> inner_ends_;  // of the envelopes inside arrays that what is read stands in, outermost first
  Token body_ = nullptr;                 // of the event at hand, where a webhook envelope holds it
  uint32_t index_ = 0;
  const char* line_from_ = nullptr;      // of the document: the last place whose line was told, and that line; null: none
  uint32_t line_ = 0;

  EventView event_;
  std::vector<Header> envelope_headers_;
  std::vector<BadRecord> bad_;
  ReaderCounters counters_;
  uint64_t number_ = 0;
};

Reader::Reader(std::shared_ptr<const Plan> plan, const InputTable& inputs) : impl_(std::make_unique<Impl>(std::move(plan), inputs)) {}
Reader::~Reader() = default;
void Reader::Start(const Batch& batch) { impl_->Start(batch); }
bool Reader::Next() { return impl_->Next(); }
const EventView& Reader::event() const { return impl_->event(); }
void Reader::Finish() { impl_->Finish(); }
std::vector<BadRecord> Reader::TakeBad() { return impl_->TakeBad(); }
const ReaderCounters& Reader::counters() const { return impl_->counters(); }
void Reader::set_next_number(uint64_t number) { impl_->set_next_number(number); }
uint64_t Reader::next_number() const { return impl_->next_number(); }

}  // namespace tocsin::event
