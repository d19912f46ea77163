using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using BlazeGateway.Policies.Inference.Json;
using CsCheck;

namespace BlazeGateway.Policies.Tests.Inference.Json;

public sealed class JsonMachineTests
{
    private static readonly Gen<string> _snippet = Gen.OneOf(
        "{", "}", "[", "]", ",", ":", " ", "\n", "\"a\"", "\"", "\\", "\"\\n\"", "\"\\u00e9\"", "\"\\ud800\"", "\"\\u12", "0", "-0", "-", "1", "12", "01",
        "1.5", "1.", "1e3", "1E+", "1.5e-3", "+1", "true", "false", "null", "nul", "\t", "é", "\"é😀\"", "{}", "[]", "\"a\":1", "[1,2,3]", "[1, 2.5, -3]", "1,2",
        "{\"a\":[1,{\"b\":null}]}", "\"" + new string('x', 70) + "\"", "\"" + new string('x', 63) + "\\\"\"", new string(' ', 20), "//", "NaN");

    private static readonly JsonSerializerOptions _relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Gen<string> _name = Gen.String[0, 8].Select(text => JsonSerializer.Serialize(text));

    private static readonly Gen<string> _leaf = Gen.OneOf(
        Gen.String[0, 80].Select(text => JsonSerializer.Serialize(text)),
        Gen.String[0, 80].Select(text => JsonSerializer.Serialize(text, _relaxed)),
        Gen.Double.Where(double.IsFinite).Select(number => JsonSerializer.Serialize(number)),
        Gen.Int.Select(number => JsonSerializer.Serialize(number)),
        Gen.OneOf("true", "false", "null", "{}", "[]", "-0", "0.50", "1E400"));

    private static readonly Gen<string> _value = Gen.Recursive<string>((depth, value) => depth > 3
        ? _leaf
        : Gen.OneOf(
            _leaf,
            value.Array[0, 3].Select(items => "[" + string.Join(", ", items) + "]"),
            Gen.Select(_name, value).Array[0, 3].Select(members => "{" + string.Join(",", members.Select(member => member.Item1 + ": " + member.Item2)) + "}")));

    [Fact]
    public void Accepts_and_rejects_what_the_framework_does() =>
        _snippet.Array[0, 8].Select(string.Concat).Sample(text => AgreesWithTheFramework(Encoding.UTF8.GetBytes(text)), iter: 2_000);

    [Fact]
    public void Agrees_with_the_framework_on_valid_documents() =>
        Document().Sample(text => AgreesWithTheFramework(Encoding.UTF8.GetBytes(text)), iter: 300);

    [Fact]
    public void Agrees_with_the_framework_on_damaged_documents() =>
        Gen.Select(Document(), Gen.Int[0, 1_000], Gen.Byte).Sample(
            (text, at, damage) =>
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                bytes[at % bytes.Length] = damage;
                return AgreesWithTheFramework(bytes);
            },
            iter: 2_000);

    [Fact]
    public void Reads_the_same_in_any_pieces() =>
        Gen.Select(Gen.OneOf(Document(), _snippet.Array[0, 8].Select(string.Concat)), Gen.Int[0, 200].Array[0, 6]).Sample(
            (text, cuts) =>
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                var ordered = cuts.Select(cut => Math.Min(cut, bytes.Length)).Order().ToArray();
                return Tell(bytes, []) == Tell(bytes, ordered) && Tell(bytes, []) == Tell(bytes, Enumerable.Range(1, Math.Max(0, bytes.Length - 1)));
            },
            iter: 300);

    [Fact]
    public void Runs_of_backslashes_mean_the_same_at_every_place_in_a_block()
    {
        foreach (var end in new[] { "\"", "n\"", "u0041\"", "x\"", "\u0001\"", "\"," })
        {
            for (var lead = 0; lead <= 130; lead++)
            {
                for (var run = 0; run <= 5; run++)
                {
                    var text = "[\"" + new string('x', lead) + new string('\\', run) + end;
                    Assert.True(AgreesWithTheFramework(Encoding.UTF8.GetBytes(text + "]" + new string(' ', 140))), text);
                    Assert.True(AgreesWithTheFramework(Encoding.UTF8.GetBytes(text + new string('y', 140) + "\"]")), text);
                }
            }
        }
    }

    [Theory]
    [InlineData(63, JsonFault.None)]
    [InlineData(64, JsonFault.None)]
    [InlineData(65, JsonFault.TooDeep)]
    public void Sixty_four_containers_may_be_open(int depth, object fault)
    {
        foreach (var text in new[] { new string('[', depth) + new string(']', depth), Nested(depth) })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Assert.Equal(fault, Read(bytes));
            Assert.Equal(fault is JsonFault.None, Accepts(bytes));
        }
    }

    [Theory]
    [InlineData("\"\\u006d\"", "m")]
    [InlineData("\"\\ud83d\\ude00\"", "😀")]
    [InlineData("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t")]
    [InlineData("\"é\\u20aC\"", "é€")]
    public void Decodes_text_in_any_pieces(string json, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var machine = new JsonMachine<TellingSink> { Sink = new TellingSink { Told = [] } };
            Assert.True(machine.Feed(bytes.AsSpan(0, cut)));
            Assert.True(machine.Feed(bytes.AsSpan(cut)));
            Assert.Equal(expected, Encoding.UTF8.GetString(machine.Sink.Last!));
        }
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\ud800x\"")]
    [InlineData("\"\\ude00\"")]
    [InlineData("\"\\ud800\\u0041\"")]
    [InlineData("\"\\u0000\"")]
    public void Half_a_pair_and_nul_become_a_byte_no_text_holds(string json)
    {
        var machine = new JsonMachine<TellingSink> { Sink = new TellingSink { Told = [] } };
        Assert.True(machine.Feed(Encoding.UTF8.GetBytes(json)));
        Assert.True(machine.Finish());
        Assert.Contains((byte)0xFF, machine.Sink.Last!);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(258)]
    public void Pieced_text_is_cut_above_the_limit(int length)
    {
        var machine = new JsonMachine<TellingSink> { Sink = new TellingSink { Told = [] } };
        foreach (var b in Encoding.UTF8.GetBytes("\"" + new string('x', length) + "\""))
        {
            Assert.True(machine.Feed([b]));
        }

        Assert.Equal(Math.Min(length, JsonMachine<TellingSink>.MaxText + 1), machine.Sink.Last!.Length);
    }

    private static Gen<string> Document() => _value;

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"x\":", depth - 1)) + "{}" + new string('}', depth - 1);

    private static bool AgreesWithTheFramework(byte[] bytes) => Accepts(bytes) == (Read(bytes) == JsonFault.None && Utf8.IsValid(bytes));

    private static bool Accepts(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return Utf8.IsValid(bytes);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonFault Read(byte[] bytes)
    {
        var machine = new JsonMachine<TellingSink> { Sink = new TellingSink { Told = [] } };
        machine.Feed(bytes);
        machine.Finish();
        return machine.Fault;
    }

    private static string Tell(byte[] bytes, IEnumerable<int> cuts)
    {
        var machine = new JsonMachine<TellingSink> { Sink = new TellingSink { Told = [], Counts = true } };
        var start = 0;
        foreach (var cut in cuts.Append(bytes.Length))
        {
            machine.Feed(bytes.AsSpan(start, cut - start));
            start = cut;
        }

        machine.Finish();
        return string.Join('\n', machine.Sink.Told) + machine.Fault;
    }

    private struct TellingSink : IJsonSink
    {
        public List<string> Told;
        public byte[]? Last;
        public bool Counts;

        public readonly bool WantsName(int depth) => true;

        public readonly bool Skims(int depth) => !Counts && depth > 1;

        public readonly bool Name(int depth, int start, ReadOnlySpan<byte> name)
        {
            Told.Add($"{depth} {start} {Text(name)}");
            return true;
        }

        public readonly bool Begin(JsonKind kind, int depth, int start, out bool capture)
        {
            capture = kind is JsonKind.String or JsonKind.Number;
            Told.Add($"{depth} {start} {kind}");
            return true;
        }

        public bool End(JsonKind kind, int depth, int end, ReadOnlySpan<byte> text)
        {
            Last = text.ToArray();
            Told.Add($"{depth} {end} {kind} {Text(text)}");
            return true;
        }

        private static string Text(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text.Length > 257 ? text[..257] : text);
    }
}
