using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BlazeGateway.Configuration;

/// <summary>
/// Sets the server's limits from <c>Kestrel:Limits</c>. The data rates are set here one by one: .NET's binder leaves a rate that is already there
/// as it is and says nothing, because its members cannot be written.
/// </summary>
internal static class KestrelLimits
{
    private const double DefaultBytesPerSecond = 240;
    private static readonly TimeSpan DefaultGracePeriod = TimeSpan.FromSeconds(5);

    /// <summary>Sets what <paramref name="section"/> says and leaves the rest.</summary>
    public static void Bind(IConfiguration section, KestrelServerLimits limits)
    {
        section.Bind(limits);
        limits.MinRequestBodyDataRate = Rate(section.GetSection(nameof(limits.MinRequestBodyDataRate)), limits.MinRequestBodyDataRate);
        limits.MinResponseDataRate = Rate(section.GetSection(nameof(limits.MinResponseDataRate)), limits.MinResponseDataRate);
    }

    private static MinDataRate? Rate(IConfigurationSection section, MinDataRate? standard) => !section.Exists() ? standard : new MinDataRate(
        section.GetValue(nameof(MinDataRate.BytesPerSecond), standard?.BytesPerSecond ?? DefaultBytesPerSecond),
        section.GetValue(nameof(MinDataRate.GracePeriod), standard?.GracePeriod ?? DefaultGracePeriod));
}
