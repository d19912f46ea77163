using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlazeGateway.Api;
using BlazeGateway.Configuration;

namespace BlazeGateway.CommandLine;

/// <summary>Asks a running gateway for the states of its destinations.</summary>
internal static class RunningGateway
{
    /// <summary>Longest wait for an answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What the gateway at <paramref name="admin"/> says; null, and why in <c>Failure</c>, when it says nothing.</summary>
    public static async Task<(LoadBalancerReport? Report, string? Failure)> AskAsync(HttpClient client, Uri admin, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(admin, LoadBalancerEndpoints.Path), cancellationToken);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return (null, answer.StatusCode == HttpStatusCode.Unauthorized
                    ? $"it asks for a token it knows: give one by --token or the variable {AdminToken.Variable}"
                    : $"it answers {(int)answer.StatusCode}");
            }

            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            return (await JsonSerializer.DeserializeAsync(body, LoadBalancerJson.Default.LoadBalancerReport, cancellationToken), null);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, e.GetBaseException().Message);
        }
    }

    /// <summary>Where a process of this machine reaches the admin listener of <paramref name="setting"/>; null when that is not known before it listens.</summary>
    public static Uri? Reachable(string setting)
    {
        try
        {
            var address = ListenAddress.ParseAll(setting, "Admin:Url")[0];
            return address.Port == 0 ? null : address.Reachable(address.Port);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Why the gateway at <paramref name="url"/> did not do what it was asked for, by what it answered.</summary>
    public static string Refusal(string url, HttpStatusCode status, string text)
    {
        if (status == HttpStatusCode.Unauthorized)
        {
            return $"{url} asks for a token it knows: give one by --token or the variable {AdminToken.Variable}; 'blaze token new' makes one.";
        }

        try
        {
            return JsonNode.Parse(text)?["detail"]?.ToString() ?? $"{url} answers {(int)status}; name a gateway's admin listener with --admin-url.";
        }
        catch (JsonException)
        {
            return $"{url} answers {(int)status}; name a gateway's admin listener with --admin-url.";
        }
    }
}
