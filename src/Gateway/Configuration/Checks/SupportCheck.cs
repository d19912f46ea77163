using Yarp.ReverseProxy.Configuration;

namespace BlazeGateway.Configuration.Checks;

/// <summary>
/// Refuses policies YARP would accept but nothing in this process carries out: a route believed to be protected or limited must not be served
/// unprotected.
/// </summary>
internal sealed class SupportCheck(ConfigurationNode root, RoutesSnapshot snapshot, ConfigurationErrors errors)
{
    public void Check()
    {
        foreach (var route in snapshot.Routes)
        {
            var path = RoutesReader.RoutesPath.Then(route.RouteId);
            Refuse(path.Then(nameof(RouteConfig.AuthorizationPolicy)), route.AuthorizationPolicy, "anonymous");
            Refuse(path.Then(nameof(RouteConfig.RateLimiterPolicy)), route.RateLimiterPolicy, "disable");
            Refuse(path.Then(nameof(RouteConfig.OutputCachePolicy)), route.OutputCachePolicy, null);
        }
    }

    private void Refuse(KeyPath path, string? value, string? harmless)
    {
        if (!string.IsNullOrEmpty(value) && !string.Equals(value, harmless, StringComparison.OrdinalIgnoreCase))
        {
            errors.Add(root.PlaceOf(path), path, $"'{path.Key}' is '{value}', but this version has no such policies, so it would not be carried out; remove it.");
        }
    }
}
