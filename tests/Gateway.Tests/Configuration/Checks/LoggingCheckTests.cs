namespace BlazeGateway.Tests.Configuration.Checks;

public sealed class LoggingCheckTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("""{ "MinimumLevel": "Infomation" }""",
        "appsettings.json:1:32 'MinimumLevel' is \"Infomation\"; it must be one of Verbose, Debug, Information, Warning, Error, Fatal.  did you mean 'Information'?  ($.Serilog.MinimumLevel)")]
    [InlineData("""{ "MinimumLevel": { "Default": "Warn" } }""",
        "appsettings.json:1:45 'Default' is \"Warn\"; it must be one of Verbose, Debug, Information, Warning, Error, Fatal.  ($.Serilog.MinimumLevel.Default)")]
    [InlineData("""{ "MinimumLevel": { "Override": { "Yarp.X": "Debgu" } } }""",
        "appsettings.json:1:58 'Yarp.X' is \"Debgu\"; it must be one of Verbose, Debug, Information, Warning, Error, Fatal.  did you mean 'Debug'?  ($.Serilog.MinimumLevel.Override['Yarp.X'])")]
    [InlineData("""{ "MinimunLevel": "Debug" }""", "appsettings.json:1:16 Unknown key 'MinimunLevel'.  did you mean 'MinimumLevel'?  ($.Serilog.MinimunLevel)")]
    [InlineData("""{ "MinimumLevel": { "Overrides": {} } }""", "appsettings.json:1:34 Unknown key 'Overrides'.  did you mean 'Override'?  ($.Serilog.MinimumLevel.Overrides)")]
    [InlineData("\"Debug\"", "appsettings.json:1:14 'Serilog' must be an object.  ($.Serilog)")]
    public async Task A_mistake_is_told_at_its_place(string section, string expected) => Assert.Equal(expected, Assert.Single(await FindingsAsync(section)));

    [Fact]
    public async Task What_only_the_library_knows_is_told_too() =>
        Assert.StartsWith("appsettings.json:1:3 The section is refused by Serilog: ", Assert.Single(await FindingsAsync("""{ "Using": [ "No.Such.Library" ] }""")), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "MinimumLevel": "debug" }""")]
    [InlineData("""{ "LevelSwitches": { "$own": "Warning" }, "MinimumLevel": { "ControlledBy": "$own", "Override": { "Yarp": "$own", "System": "Error" } } }""")]
    [InlineData("""{ "WriteTo": [ { "Name": "File", "Args": { "path": "/no/such/directory/x.log" } } ], "Enrich": [ "FromLogContext" ] }""")]
    [InlineData("null")]
    public async Task What_is_right_has_no_finding(string section) => Assert.Empty(await FindingsAsync(section));

    private async Task<string[]> FindingsAsync(string section)
    {
        _directory.Write("appsettings.json", $$"""{ "Serilog": {{section}} }""");
        return [.. (await TestDirectory.CheckAsync(_directory.Sources)).Select(error => error.ToString())];
    }
}
