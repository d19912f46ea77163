using System.Text;

namespace BlazeGateway.Policies.Tests.Inference;

/// <summary>Request bodies of <c>POST /v1/chat/completions</c> that two parsers could read differently, each with the code it is refused with.</summary>
public static class AmbiguousJson
{
    private const string Malformed = "malformed_json";
    private const string TooDeep = "json_too_deep";
    private const string Missing = "model_missing";
    private const string Ambiguous = "ambiguous_model";

    /// <summary>Every case; names are unique.</summary>
    public static IReadOnlyList<AmbiguousJsonCase> Cases { get; } = [.. Repeated(), .. Spelling(), .. Types(), .. Names(), .. Grammar(), .. Encodings()];

    private static IEnumerable<AmbiguousJsonCase> Repeated() =>
    [
        Text("model twice", """{"model":"a","model":"b"}""", Ambiguous),
        Text("model twice, equal", """{"model":"a","model":"a"}""", Ambiguous),
        Text("model twice, far apart", """{"model":"a","messages":[{"role":"user","content":"hi"}],"model":"b"}""", Ambiguous),
        Text("model again by escape", """{"model":"a","mod\u0065l":"b"}""", Ambiguous),
        Text("model again, all escapes", """{"\u006d\u006f\u0064\u0065\u006c":"a","model":"b"}""", Ambiguous),
        Text("model twice by escape", """{"mode\u006C":"a","mode\u006c":"b"}""", Ambiguous),
        Text("model string then null", """{"model":"a","model":null}""", Ambiguous),
        Text("stream twice", """{"model":"a","stream":false,"stream":true}""", Ambiguous),
        Text("stream again by escape", """{"model":"a","stream":false,"\u0073tream":true}""", Ambiguous),
        Text("max_tokens twice", """{"model":"a","max_tokens":1,"max_tokens":100000}""", Ambiguous),
        Text("max_completion_tokens twice", """{"model":"a","max_completion_tokens":1,"max_completion_tokens":2}""", Ambiguous),
        Text("n twice", """{"model":"a","n":1,"n":64}""", Ambiguous),
        Text("best_of twice", """{"model":"a","best_of":1,"best_of":64}""", Ambiguous),
        Text("stream_options twice", """{"model":"a","stream_options":{},"stream_options":{"include_usage":true}}""", Ambiguous),
        Text("include_usage twice", """{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}""", Ambiguous),
        Text("cache_salt twice", """{"model":"a","cache_salt":"x","cache_salt":"y"}""", Ambiguous),
        Text("messages twice", """{"model":"a","messages":[],"messages":[{"role":"user","content":"hi"}]}""", Ambiguous),
        Text("store twice", """{"model":"a","store":false,"store":true}""", Ambiguous),
    ];

    private static IEnumerable<AmbiguousJsonCase> Spelling() =>
    [
        Text("Model beside model", """{"model":"a","Model":"b"}""", Ambiguous),
        Text("MODEL alone", """{"MODEL":"a"}""", Ambiguous),
        Text("Model before model", """{"Model":"b","model":"a"}""", Ambiguous),
        Text("mOdel by escape", """{"model":"a","m\u004fdel":"b"}""", Ambiguous),
        Text("Stream", """{"model":"a","stream":false,"Stream":true}""", Ambiguous),
        Text("long s in stream", """{"model":"a","stream":false,"ſtream":true}""", Ambiguous),
        Text("long s by escape", """{"model":"a","\u017ftream":true}""", Ambiguous),
        Text("Kelvin sign in max_tokens", """{"model":"a","max_to\u212aens":100000}""", Ambiguous),
        Text("MAX_TOKENS", """{"model":"a","max_tokens":1,"MAX_TOKENS":100000}""", Ambiguous),
        Text("N", """{"model":"a","N":64}""", Ambiguous),
        Text("Include_Usage", """{"model":"a","stream_options":{"Include_Usage":true}}""", Ambiguous),
    ];

    private static IEnumerable<AmbiguousJsonCase> Types() =>
    [
        Text("model number", """{"model":1}""", Ambiguous),
        Text("model true", """{"model":true}""", Ambiguous),
        Text("model array", """{"model":["a"]}""", Ambiguous),
        Text("model object", """{"model":{"id":"a"}}""", Ambiguous),
        Text("stream string", """{"model":"a","stream":"true"}""", Ambiguous),
        Text("stream number", """{"model":"a","stream":1}""", Ambiguous),
        Text("max_tokens string", """{"model":"a","max_tokens":"100000"}""", Ambiguous),
        Text("max_tokens float", """{"model":"a","max_tokens":1.5}""", Ambiguous),
        Text("max_tokens exponent", """{"model":"a","max_tokens":1e5}""", Ambiguous),
        Text("n array", """{"model":"a","n":[1]}""", Ambiguous),
        Text("stream_options string", """{"model":"a","stream_options":"include_usage"}""", Ambiguous),
        Text("include_usage number", """{"model":"a","stream_options":{"include_usage":1}}""", Ambiguous),
        Text("cache_salt number", """{"model":"a","cache_salt":1}""", Ambiguous),
        Text("background string", """{"model":"a","background":"yes"}""", Ambiguous),
    ];

    private static IEnumerable<AmbiguousJsonCase> Names() =>
    [
        Text("no model", """{"messages":[]}""", Missing),
        Text("empty object", "{}", Missing),
        Text("model null", """{"model":null}""", Missing),
        Text("model empty", """{"model":""}""", Missing),
        Text("model only nested", """{"metadata":{"model":"a"}}""", Missing),
        Text("model in an array", """[{"model":"a"}]""", Missing),
        Text("root string", "\"model\"", Missing),
        Text("root null", "null", Missing),
        Text("model with space", """{"model":"a b"}""", Ambiguous),
        Text("model padded", """{"model":" a"}""", Ambiguous),
        Text("model with newline escape", """{"model":"a\n"}""", Ambiguous),
        Text("model with NUL escape", """{"model":"a\u0000b"}""", Ambiguous),
        Text("model not ASCII", """{"model":"modèl"}""", Ambiguous),
        Text("model with lone surrogate", """{"model":"a\ud800"}""", Ambiguous),
        Text("model with pair of surrogates", """{"model":"a\ud83d\ude00"}""", Ambiguous),
        Text("model with quote", """{"model":"a\"b"}""", Ambiguous),
        Text("model 257 long", $$"""{"model":"{{new string('m', 257)}}"}""", Ambiguous),
        Text("name cut by NUL", """{"model":"a","model\u0000x":"b"}""", Ambiguous),
        Text("name with lone surrogate", """{"model":"a","model\ud800":"b"}""", Ambiguous),
    ];

    private static IEnumerable<AmbiguousJsonCase> Grammar() =>
    [
        Text("empty body", "", Malformed),
        Text("only space", " \r\n\t", Malformed),
        Text("line comment", "{\"model\":\"a\" // b\n}", Malformed),
        Text("block comment", """{"model":"a"/*,"model":"b"*/}""", Malformed),
        Text("trailing comma", """{"model":"a",}""", Malformed),
        Text("leading comma", """{,"model":"a"}""", Malformed),
        Text("trailing comma in array", """{"model":"a","messages":[1,]}""", Malformed),
        Text("two documents", """{"model":"a"}{"model":"b"}""", Malformed),
        Text("two lines", "{\"model\":\"a\"}\n{\"model\":\"b\"}", Malformed),
        Text("text after", """{"model":"a"} x""", Malformed),
        Text("NUL after", "{\"model\":\"a\"}\0", Malformed),
        Text("cut short", """{"model":"a" """, Malformed),
        Text("cut in a string", """{"model":"a""", Malformed),
        Text("single quotes", "{'model':'a'}", Malformed),
        Text("name without quotes", """{model:"a"}""", Malformed),
        Text("NaN", """{"model":"a","temperature":NaN}""", Malformed),
        Text("Infinity", """{"model":"a","temperature":-Infinity}""", Malformed),
        Text("leading zero", """{"model":"a","n":01}""", Malformed),
        Text("hexadecimal", """{"model":"a","n":0x10}""", Malformed),
        Text("plus sign", """{"model":"a","n":+1}""", Malformed),
        Text("point without digit", """{"model":"a","temperature":1.}""", Malformed),
        Text("True", """{"model":"a","stream":True}""", Malformed),
        Text("tab in a string", "{\"model\":\"a\",\"user\":\"x\ty\"}", Malformed),
        Text("newline in a string", "{\"model\":\"a\nb\"}", Malformed),
        Text("unknown escape", """{"model":"a","user":"\x41"}""", Malformed),
        Text("short escape", """{"model":"a","user":"\u12"}""", Malformed),
        Text("missing colon", """{"model" "a"}""", Malformed),
        Text("wrong bracket", """{"model":"a","messages":[}]""", Malformed),
        Text("65 arrays", $$"""{"model":"a","x":{{new string('[', 64)}}{{new string(']', 64)}}}""", TooDeep),
        Text("100,000 arrays", $$"""{"model":"a","x":{{new string('[', 100_000)}}""", TooDeep),
        Text("65 objects", string.Concat(Enumerable.Repeat("{\"x\":", 65)) + "1", TooDeep),
    ];

    private static IEnumerable<AmbiguousJsonCase> Encodings()
    {
        const string Good = """{"model":"a"}""";
        return
        [
            new("byte order mark", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Good)], Malformed),
            new("UTF-16 LE with mark", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Good)], Malformed),
            new("UTF-16 LE", Encoding.Unicode.GetBytes(Good), Malformed),
            new("UTF-16 BE", Encoding.BigEndianUnicode.GetBytes(Good), Malformed),
            new("UTF-32 LE", Encoding.UTF32.GetBytes(Good), Malformed),
            new("Latin-1", Encoding.Latin1.GetBytes("""{"model":"a","user":"é"}"""), Malformed),
            new("overlong slash", [.. Encoding.UTF8.GetBytes("{\"model\":\"a\",\"user\":\""), 0xC0, 0xAF, .. "\"}"u8], Malformed),
            new("surrogate in UTF-8", [.. Encoding.UTF8.GetBytes("{\"model\":\"a\",\"user\":\""), 0xED, 0xA0, 0x80, .. "\"}"u8], Malformed),
            new("character cut by the quote", [.. Encoding.UTF8.GetBytes("{\"model\":\"a\",\"user\":\""), 0xE2, 0x82, .. "\"}"u8], Malformed),
            new("gzip", [0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00], Malformed),
            new("no-break space between", [.. "{\"model\":"u8, 0xC2, 0xA0, .. "\"a\"}"u8], Malformed),
        ];
    }

    private static AmbiguousJsonCase Text(string name, string body, string code) => new(name, Encoding.UTF8.GetBytes(body), code);
}

/// <summary>One body to refuse.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Body">The bytes.</param>
/// <param name="Code">Code of the answer, whose status is 400.</param>
public sealed record AmbiguousJsonCase(string Name, byte[] Body, string Code)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
