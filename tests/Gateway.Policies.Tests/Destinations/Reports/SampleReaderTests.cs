using System.Text;
using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Tests.Destinations.Reports;

public sealed class SampleReaderTests
{
    [Theory]
    [InlineData("a 1", "a||1")]
    [InlineData("a{} 2\n", "a||2")]
    [InlineData("a{b=\"c\"} 3 1700000000000\r\n", "a|b=\"c\"|3")]
    [InlineData("a{b=\"}\\\"\\\\\",c=\"{\"}\t-1.5e-3", "a|b=\"}\\\"\\\\\",c=\"{\"|-0.0015")]
    [InlineData("\n\n# HELP a b\n# TYPE a gauge\na  4\n# EOF\n", "a||4")]
    [InlineData("a 1 # {trace_id=\"x\"} 0.67\nb 2", "a||1;b||2")]
    [InlineData("a\na{\na{b=\"\na{b=\"c\"}\na x\na 1x\n{b=\"c\"} 1\n a 1\nb 2", "b||2")]
    [InlineData("a NaN\na +Inf\na -Inf\nb 1", "b||1")]
    public void Samples_are_read_and_the_rest_is_passed_over(string page, string expected) => Assert.Equal(expected, string.Join(';', All(page)));

    [Theory]
    [InlineData("b=\"1\",bc=\"2\"", "bc", "2")]
    [InlineData("b=\"1\", c=\"2\",", "c", "2")]
    [InlineData("x=\"b=\\\"9\\\"\",b=\"1\"", "b", "1")]
    [InlineData("b=\"1\"", "c", "")]
    [InlineData("b=1,c=\"2\"", "c", "")]
    [InlineData("b=\"1", "b", "")]
    [InlineData("", "b", "")]
    public void A_label_is_found_by_its_whole_name(string labels, string name, string value) =>
        Assert.Equal(value, Encoding.UTF8.GetString(LabelSpan.Find(Encoding.UTF8.GetBytes(labels), Encoding.UTF8.GetBytes(name))));

    [Theory]
    [InlineData(SampleReader.MaxLineBytes - 1, 2)]
    [InlineData(SampleReader.MaxLineBytes, 2)]
    [InlineData(SampleReader.MaxLineBytes + 1, 1)]
    public void A_line_is_read_up_to_its_limit(int length, int samples)
    {
        var line = "a{b=\"" + new string('x', length - 9) + "\"} 1";
        Assert.Equal(length, line.Length);
        Assert.Equal(samples, All(line + "\nb 2").Count);
    }

    [Theory]
    [InlineData(SampleReader.MaxLines - 1, false)]
    [InlineData(SampleReader.MaxLines, false)]
    [InlineData(SampleReader.MaxLines + 1, true)]
    public void Lines_are_read_up_to_their_limit(int lines, bool isCut)
    {
        var reader = new SampleReader(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("a 1\n", lines))));
        var read = 0;
        while (reader.Next())
        {
            read++;
        }

        Assert.Equal((Math.Min(lines, SampleReader.MaxLines), isCut), (read, reader.IsCut));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        var page = Encoding.UTF8.GetBytes(Pages.Vllm);
        var best = long.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var reader = new SampleReader(page);
            while (reader.Next())
            {
                LabelSpan.Find(reader.Labels, "engine"u8);
            }

            best = Math.Min(best, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, best);
    }

    private static List<string> All(string page)
    {
        var found = new List<string>();
        var reader = new SampleReader(Encoding.UTF8.GetBytes(page));
        while (reader.Next())
        {
            found.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(reader.Name)}|{Encoding.UTF8.GetString(reader.Labels)}|{reader.Value}"));
        }

        return found;
    }
}
