using BlazeGateway.CommandLine;

namespace BlazeGateway.Tests.CommandLine;

public sealed class CommandLineFaultsTests
{
    [Theory]
    [InlineData("validate --strct", "'--strct' is not an option of 'blaze validate'; did you mean '--strict'?")]
    [InlineData("validate foo", "'foo' is not an option of 'blaze validate'.")]
    [InlineData("doctor --formt json", "'--formt' is not an option of 'blaze doctor'; did you mean '--format'?")]
    [InlineData("explain --path /v1/x --modl fast", "'--modl' is not an option of 'blaze explain'; did you mean '--model'?")]
    [InlineData("validate --Admin:Url=http://127.0.0.1:1", "'--Admin:Url=http://127.0.0.1:1' is a configuration key, which 'blaze validate' does not take; 'blaze run' does. Write it into a file or a variable instead.")]
    [InlineData("--demmo", "'--demmo' is not a verb or an option of 'blaze'; did you mean '--demo'?")]
    [InlineData("demo", "'demo' is not a verb or an option of 'blaze'; did you mean '--demo'?")]
    [InlineData("vlidate", "'vlidate' is not a verb or an option of 'blaze'; did you mean 'validate'?")]
    [InlineData("run --no-trafic", "'--no-trafic' is not an option of 'blaze run'; did you mean '--no-traffic'?")]
    [InlineData("run --Admin:Url http://127.0.0.1:1", "'--Admin:Url' is not an option of 'blaze run'; did you mean '--admin-url'? A configuration key is written --Section:Key=value, for example --Admin:Url=http://127.0.0.1:8091.")]
    [InlineData("run --Admin:Url=http://127.0.0.1:1 --strict", "'--strict' is not an option of 'blaze run'.")]
    [InlineData("key new", "Option '--name' is required.")]
    [InlineData("key nwe --name x", "'nwe' is not a verb or an option of 'blaze key'; did you mean 'new'?")]
    [InlineData("token new --name x --role operater", "--role: Argument 'operater' not recognized. Must be one of: 'viewer' 'operator' 'admin'")]
    [InlineData("bench", "Option '--url' is required.")]
    [InlineData("bench --url http://127.0.0.1:1 --rate", "Required argument missing for option: '--rate'.")]
    [InlineData("explain", "Option '--path' is required.")]
    [InlineData("explain --path v1", "--path is 'v1'; a path begins with /, for example /v1/chat/completions.")]
    [InlineData("run --backend", "Required argument missing for option: '--backend'.")]
    public void Each_is_told_and_ends_with_2(string words, string expected)
    {
        var faults = CommandLineFaults.Of(BlazeCommands.Create().Parse(words.Split(' ')));
        Assert.Equal(expected, faults[0]);
        Assert.EndsWith("--help' lists what there is.", faults[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--demo --no-traffic --Telemetry:AccessLog:Enabled=true")]
    [InlineData("run --backend http://127.0.0.1:1 --Admin:Url=http://127.0.0.1:1")]
    [InlineData("validate --strct --help")]
    [InlineData("--version")]
    [InlineData("key new --name x")]
    public void What_is_right_or_asks_for_help_has_none(string words) =>
        Assert.Empty(CommandLineFaults.Of(BlazeCommands.Create().Parse(words.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
}
