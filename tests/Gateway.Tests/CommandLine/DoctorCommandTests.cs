using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BlazeGateway.CommandLine;
using BlazeGateway.CommandLine.Doctor;
using BlazeGateway.Configuration;
using BlazeGateway.Configuration.Options;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Tests.CommandLine;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blaze-doctor-").FullName;
    private readonly Socket _listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public DoctorCommandTests()
    {
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listening.Listen();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int Taken => ((IPEndPoint)_listening.LocalEndPoint!).Port;

    public void Dispose()
    {
        _listening.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(int Code, JsonElement[] Findings)> RunAsync(string routes)
    {
        var file = Path.Combine(_folder, "routes.json");
        await File.WriteAllTextAsync(file, routes, Cancel);
        await File.WriteAllTextAsync(Path.Combine(_folder, "appsettings.json"), """{"Proxy":{"Urls":"http://127.0.0.1:0"},"Admin":{"Url":"http://127.0.0.1:0"}}""", Cancel);
        using var output = new StringWriter();
        var code = await DoctorCommand.RunAsync(ConfigurationFiles.Find(file, _folder, _folder), asJson: true, output, Cancel);
        return (code, [.. JsonDocument.Parse(output.ToString()).RootElement.EnumerateArray()]);
    }

    private static string Routes(int port) => $$$"""
        {
          "ReverseProxy": {
            "Routes": { "chat": { "ClusterId": "llm", "Match": { "Path": "/v1/{**rest}" } } },
            "Clusters": { "llm": { "Destinations": { "gpu-a": { "Address": "http://127.0.0.1:{{{port}}}/" } } } }
          }
        }
        """;

    private static JsonElement Only(JsonElement[] findings, string check) => Assert.Single(findings, finding => finding.GetProperty("check").GetString() == check);

    [Fact]
    public async Task A_good_configuration_with_a_destination_passes()
    {
        var (code, findings) = await RunAsync(Routes(Taken));
        Assert.Equal(0, code);
        Assert.Equal("ok", Only(findings, "configuration").GetProperty("verdict").GetString());
        Assert.Equal("ok", Only(findings, "destinations").GetProperty("verdict").GetString());
        Assert.Equal("ok", Only(findings, "clock").GetProperty("verdict").GetString());
        Assert.Contains("not configured", Only(findings, "redis").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_destination_nobody_listens_at_fails_with_its_name_and_the_fix()
    {
        _listening.Close();
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (code, findings) = await RunAsync(Routes(((IPEndPoint)silent.LocalEndPoint!).Port));
        var finding = Only(findings, "destinations");
        Assert.Equal(1, code);
        Assert.Equal("fail", finding.GetProperty("verdict").GetString());
        Assert.Contains("llm/gpu-a", finding.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("start the model server", finding.GetProperty("fix").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_configuration_fails_with_its_place()
    {
        var (code, findings) = await RunAsync(Routes(Taken).Replace("\"ClusterId\"", "\"ClusterIdd\"", StringComparison.Ordinal));
        Assert.Equal(1, code);
        Assert.Contains("routes.json:3:", Only(findings, "configuration").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_configuration_the_rest_is_still_checked()
    {
        using var output = new StringWriter();
        await DoctorCommand.RunAsync(ConfigurationFiles.Find(null, _folder, _folder), asJson: false, output, Cancel);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, line => line.StartsWith("warn  configuration  no routes.json at ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("descriptors", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("ok    redis", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_of_a_stranger_fails_and_names_the_option()
    {
        var findings = await PortCheck.RunAsync(
            new ProcessOptions { Proxy = new() { Urls = $"http://127.0.0.1:{Taken}" }, Admin = new() { Url = "http://127.0.0.1:0" } }, Cancel);
        Assert.Equal([Verdict.Fail, Verdict.Ok], findings.Select(finding => finding.Verdict));
        Assert.Contains("--urls", findings[0].Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<title>BlazeGateway</title>", null, nameof(Verdict.Ok))]
    [InlineData("<title>Another</title>", null, nameof(Verdict.Fail))]
    [InlineData("", "Bearer realm=\"BlazeGateway admin\"", nameof(Verdict.Ok))]
    [InlineData("", "Bearer realm=\"Another\"", nameof(Verdict.Fail))]
    public async Task A_port_of_a_running_gateway_is_fine(string page, string? challenge, string expected)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.StatusCode = challenge is null ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = challenge;
            return context.Response.WriteAsync(page);
        });
        await app.StartAsync(Cancel);
        var findings = await PortCheck.RunAsync(
            new ProcessOptions { Proxy = new() { Urls = "http://127.0.0.1:0" }, Admin = new() { Url = app.Urls.Single() } }, Cancel);
        Assert.Equal(expected, findings[1].Verdict.ToString());
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_fails_as_such()
    {
        var cluster = new ClusterConfig
        {
            ClusterId = "llm",
            Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal) { ["a"] = new() { Address = "http://gpu.invalid:8000/" } },
        };
        var finding = Assert.Single(await DestinationCheck.RunAsync([cluster], Cancel));
        Assert.Equal(Verdict.Fail, finding.Verdict);
        Assert.Contains("gpu.invalid:8000", finding.Message, StringComparison.Ordinal);
    }
}
